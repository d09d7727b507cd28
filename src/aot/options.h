// crumb-aot's command line.
#pragma once

#include <cstdint>
#include <string>

namespace crumb::aot {

struct Options {
  unsigned optimisation = 3;  // 0 to 3, LLVM's levels
  std::uint64_t memory = 0;   // bytes of address space; 0: no limit
  std::uint32_t seconds = 0;  // of CPU and of the clock on the wall; 0: no limit
  bool frames = false;        // a trap names all functions
  bool help = false;
};

// False: `error` is a line that says what is wrong.
bool read_options(int argc, char** argv, Options& options, std::string& error);

extern const char kHelp[];

}  // namespace crumb::aot
