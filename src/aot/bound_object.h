// An object file of which nothing has to be relocated any more where it is loaded.
#pragma once

#include <string>
#include <vector>

namespace crumb::aot {

// `object`: what LLVM has made, ELF for x86-64, relocatable and position-independent. Its constants (.rodata*: numbers, vectors
// and the tables of jumps) are moved behind the code, into .text, and whatever refers from one to the other by distance, calls
// too, is resolved: all that depends on nothing but distances within .text. What refers to anything else stays a relocation.
// False: the object is not of that form; `error` says how.
bool bind_object(std::vector<unsigned char>& object, std::string& error);

}  // namespace crumb::aot
