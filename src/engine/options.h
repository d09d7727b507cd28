// What to run and under which limits: from crumb's memfd (src/wire/engine_options.h); from the kernel, when binfmt_misc starts
// the engine; or from its own command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/failure.h"

namespace crumb::engine {

enum class Request { run, version, help, imports };

enum class Network { none, listen, all };

// A directory that the guest is given, with all below it.
struct Grant {
  std::string path;  // absolute
  bool writable = true;
  std::string name = {};  // that the guest knows it by; empty: its path
};

struct Options {
  bool under_crumb = false;
  Request request = Request::run;
  std::string name;                // of the module, for messages and the process's name
  int module_descriptor = -1;      // -1: open `name`
  int code_descriptor = -1;        // its compiled code; -1: there is none
  int report = -1;                 // see engine_options.h; -1: none
  std::uint32_t stack = 0;         // bytes of the guest's operand stack
  std::uint32_t memory_pages = 0;  // cap of a linear memory, 64 KiB each; 0: none
  std::uint64_t memory_limit = 0;  // bytes that engine and guest may have together; 0: no limit
  std::uint32_t threads = 0;       // besides the first one
  std::vector<Grant> grants = {{"/"}};
  Network network = Network::listen;
  std::uint32_t listen = 0;     // sockets from descriptor 3 on
  std::uint32_t preserved = 0;  // descriptors behind them, which may be sockets
  bool code_required = false;   // without compiled code the module does not run
  int argc = 0;                 // the guest's arguments, argv[0] included
  char** argv = nullptr;
};

Options default_options();

// Fills in what no host side has said: the memory limit and the sockets that were handed over (circumstances.h).
void look_around(Options& options);

// Reads the options and removes every trace of them from the environment, which is the guest's from then on.
Failure read_options(int argc, char** argv, Options& options);

extern const char kHelp[];

}  // namespace crumb::engine
