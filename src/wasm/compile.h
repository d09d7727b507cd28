// Modules into the cache, by crumb-aot.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "support/error.h"
#include "wasm/code_cache.h"

namespace crumb::wasm {

struct CompileOptions {
  CodeKind kind;
  std::uint64_t memory = 0;   // bytes that the compiler may take; 0: no limit
  std::uint32_t seconds = 0;  // that it may take; 0: no limit
};

// For compilations that nobody watches: half of the machine's memory, from 512 MiB to 8 GiB, and half an hour. The same on each
// day, so that what is too large stays too large.
CompileOptions unattended(CodeKind kind);

// An open module, and what messages call it.
struct ModuleFile {
  Fd file;
  std::string name;
};

// Throws Error `"FILE": reason` when it is no module.
ModuleFile open_module(std::string path);

// It lies with the module, or with the limits: it would fail again.
class Refusal : public Error {
 public:
  using Error::Error;
};

struct Compiled {
  bool was_there = false;   // nothing had to be done
  std::uint64_t bytes = 0;  // of code
};

// The path of crumb-aot, beside crumb. Throws Error that says what to do when it is not there.
std::string find_compiler();

// One compiler at work, for as long as this lives: it ends with it. Everything throws Error `FILE: reason`, a Refusal where
// that is so; then the cache is as before.
class Compilation {
 public:
  // Starts the compiler unless the cache has the code. All that it is given must outlive this.
  Compilation(ModuleFile module, const std::string& compiler, const CompileOptions& options, const CodeCache& cache);
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

  // What the cache is to keep of a Refusal.
  CodeHeader refused(const Refusal& refusal) const;

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

// Why somebody does not want to wait any longer; null while he does.
using GivenUp = std::function<const char*()>;

// He does not.
class Interrupted : public Error {
 public:
  using Error::Error;
};

// Compiles to the end, and keeps a Refusal (level 0 is left out where the interpreter may be faster). Asks `given_up` a few
// times a second. Throws as Compilation does, or Interrupted.
void compile_module(ModuleFile module, const CompileOptions& options, const CodeCache& cache, const GivenUp& given_up);

}  // namespace crumb::wasm
