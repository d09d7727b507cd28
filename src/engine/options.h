// What to run and under which limits: from crumb's memfd (src/wire/engine_options.h) or, when the engine is started by hand or
// by binfmt_misc, from its own command line.
#pragma once

#include <cstdint>
#include <string>

#include "engine/failure.h"

namespace crumb::engine {

enum class Request { run, version, help };

struct Options {
  bool under_crumb = false;
  Request request = Request::run;
  std::string name;                // of the module, for messages and the process's name
  int module_descriptor = -1;      // -1: open `name`
  int code_descriptor = -1;        // its compiled code; -1: there is none
  int report = -1;                 // see engine_options.h; -1: none
  std::uint32_t stack = 0;         // bytes of the guest's operand stack
  std::uint32_t memory_pages = 0;  // cap of a linear memory, 64 KiB each; 0: none
  bool preopen_root = true;
  std::uint32_t listen = 0;  // listening sockets from descriptor 3 on
  int argc = 0;              // the guest's arguments, argv[0] included
  char** argv = nullptr;
};

// Reads the options and removes every trace of them from the environment, which is the guest's from then on.
Failure read_options(int argc, char** argv, Options& options);

extern const char kHelp[];

}  // namespace crumb::engine
