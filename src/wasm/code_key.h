// The name under which the cache keeps the compiled code of a module.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "support/sha256.h"

namespace crumb::wasm {

// The levels that `crumb wasm compile` offers, the one that is preferred at a start first.
inline constexpr std::array<unsigned, 2> kLevels{3, 0};

// WAMR's source and AOT version, LLVM's version, the flags: what this build of crumb compiles with and can run.
std::string_view code_build();

// How a module is compiled.
struct CodeKind {
  unsigned level = 3;
  bool frames = false;  // kept while it runs: a trap names all functions then, and the code is slower
};

// SHA-256 of everything that the code depends on: the module, the build, the target of src/wire/code.h and the kind.
Sha256Digest code_key(const Sha256Digest& module, CodeKind kind, std::string_view build = code_build());

}  // namespace crumb::wasm
