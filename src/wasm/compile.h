// Modules into the cache, by crumb-aot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wasm/code_cache.h"

namespace crumb::wasm {

struct CompileOptions {
  CodeKind kind;
  std::uint64_t memory = 0;   // bytes that the compiler may take; 0: no limit
  std::uint32_t seconds = 0;  // that it may take; 0: no limit
};

struct Compiled {
  bool was_there = false;   // nothing had to be done
  std::uint64_t bytes = 0;  // of code
};

// The path of crumb-aot, beside crumb. Throws Error that says what to do when it is not there.
std::string find_compiler();

// One compiler at work, for as long as this lives: it ends with it. Everything throws Error `FILE: reason`; then the cache is
// as before.
class Compilation {
 public:
  // Starts the compiler unless the cache has the code. All that it is given must outlive this.
  Compilation(std::string file, const std::string& compiler, const CompileOptions& options, const CodeCache& cache);
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;
  ~Compilation();

  const std::string& file() const { return header_.name; }
  // Readable when hear() has something to do; -1: nothing had to be compiled.
  int pipe() const { return pipe_.get(); }
  // Reads what the compiler says. False when it has ended.
  bool hear();
  // Once it has ended: puts the code into the cache.
  Compiled finish();

 private:
  CompileOptions options_;
  const CodeCache& cache_;
  CodeHeader header_;
  Fd module_;
  std::optional<Draft> draft_;  // none: nothing had to be compiled
  Fd pipe_;
  int pid_ = 0;  // 0: reaped, or none
  std::string said_;
};

}  // namespace crumb::wasm
