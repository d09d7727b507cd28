// A module inside WAMR, from loading to its end. Every step carries WAMR's own message when it fails.
#pragma once

#include <string>
#include <vector>

#include "engine/descriptor.h"
#include "engine/failure.h"
#include "engine/module_file.h"
#include "engine/options.h"
#include "engine/preopens.h"
#include "wasm_export.h"

namespace crumb::engine {

// WAMR itself; one per process.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();
  Failure start(const Options& options);

 private:
  bool started_ = false;
};

class Guest {
 public:
  Guest() = default;
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest();

  // Loads the module for the interpreter. WAMR refers to nothing of `mapping` any more once instantiate() has returned.
  Failure load_module(const Mapping& mapping);

  // Loads compiled code in place of the module; `mapping` lives as long as this object. After a failure load_module() may
  // follow.
  Failure load_code(Mapping mapping);

  // Refuses what could not run: missing imports, no entry point, more memory at start than there may be.
  Failure check(const ModuleFacts& facts, const Options& options);

  // Gives it arguments, environment (`environ`, with PWD as the working directory), directories and standard streams. A start
  // section runs here.
  Failure instantiate(const Options& options, const Preopens& preopens);

  // The sockets at descriptors 3 to 3 + options.listen - 1, and those among the options.preserved ones behind them, under the
  // guest's numbers behind its directories; what is no socket leaves a number free.
  Failure give_sockets(const Options& options, const Preopens& preopens);

  // The functions that were being executed at the trap, innermost first, one line each; empty when nothing is known.
  std::string backtrace() const;

  // Runs it to its end. True: `code` is its exit code. False: it trapped, for `reason`.
  bool run(const Options& options, int& code, std::string& reason);

 private:
  Failure give_world(const Options& options, const Preopens& preopens);

  Failure load(const Mapping& mapping, bool freeable);

  Mapping code_;
  std::uint32_t memory_pages_ = 0;  // that the memory may grow to; 0: no limit
  wasm_module_t module_ = nullptr;
  wasm_module_inst_t instance_ = nullptr;
  // WAMR keeps pointers into these.
  std::vector<const char*> directories_;
  std::vector<std::string> mappings_;  // "NAME::PATH" of those that have another name
  std::vector<const char*> mapped_;
  std::vector<const char*> environment_;
  std::string working_directory_;  // "PWD=..."
};

}  // namespace crumb::engine
