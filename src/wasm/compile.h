// Modules into the cache, by crumb-aot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "wasm/code_cache.h"

namespace crumb::wasm {

struct CompileOptions {
  unsigned level = 3;
  std::uint64_t memory = 0;   // bytes that the compiler may take; 0: no limit
  std::uint32_t seconds = 0;  // that it may take; 0: no limit
};

struct Compiled {
  bool was_there = false;   // nothing had to be done
  std::uint64_t bytes = 0;  // of code
};

// The path of crumb-aot, beside crumb. Throws Error that says what to do when it is not there.
std::string find_compiler();

// Compiles the file into the cache unless it is there. `tick` is called about five times a second. Throws Error `FILE: reason`;
// then the cache is as before.
Compiled compile(const std::string& file, const std::string& compiler, const CompileOptions& options, const CodeCache& cache,
                 const std::function<void()>& tick);

}  // namespace crumb::wasm
