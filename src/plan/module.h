// One WebAssembly module as a process in a sandbox of its own, without a bundle (`crumb wasm run`). Pure.
//
// It gets new namespaces (a user namespace too, where crumb has no privilege), an empty read-only root with nothing but the
// given directories in it, no capabilities, no_new_privs, the streams of crumb, and dies with crumb: nothing is kept on disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/compile.h"
#include "plan/plan.h"

namespace crumb::plan {

// Given to the guest under `name`.
struct ModuleDirectory {
  std::string name;
  std::string path;  // on the host, absolute
  bool writable = true;
};

struct ModuleRun {
  std::uint64_t file = 0;                // of the open module, a descriptor that crumb-init inherits
  std::vector<std::string> arguments;    // the first is the module's name
  std::vector<std::string> environment;  // NAME=VALUE; all that the guest gets
  std::vector<ModuleDirectory> directories;
  bool host_network = false;  // the caller's, with new sockets; else a network of its own without any
  std::uint32_t umask = 0022;
  std::uint32_t listen_fds = 0;  // sockets at descriptors from 3 on that the guest gets
  WasmPolicy policy;             // without directories and network, which the above say
};

Plan compile_module(ModuleRun run, const Surroundings& surroundings);

}  // namespace crumb::plan
