// The host's answer to init's question at the point `program` (wire/protocol.h): init has found a program that begins with
// "\0asm" and gets the engine and the engine's options for it, or an Error says why the file cannot run.
#pragma once

#include <optional>
#include <string>

#include "plan/plan.h"
#include "support/fd.h"
#include "wasm/compile.h"
#include "wasm/job.h"

namespace crumb::wasm {

// What init asks about. The open file is what the container's user can read; the name is hostile text.
struct Program {
  int file = -1;     // the host's descriptor, only looked at
  int number = -1;   // of the same open file in init, which the engine inherits
  std::string name;  // path in the container
  int report = -1;   // descriptor in init that takes the engine's failure to load (`result`, or the socket)
  // Whether the file's device, inode and times can be believed: not those of a filesystem that the container mounted itself.
  bool own_filesystem = false;
};

struct Guest {
  Fd engine;                     // read-only handle to crumb-wasm
  Fd options;                    // sealed memfd, wire/engine_options.h
  Fd code;                       // its compiled code; -1 when the cache has none
  std::optional<Wanted> wanted;  // what is to be compiled in the background once it runs
};

// Where engine and code come from.
struct Tools {
  std::string engine_path;
  std::string code_cache;  // directory; empty: none
  GivenUp given_up;        // asked while a module is compiled before it starts
};

// Compiles the module first where the policy wants that. Throws Error with exit code 126 when the file is not a module of
// version 1, or has no compiled code where the policy wants that; any Error when the engine is missing.
Guest prepare_guest(const Program& program, const plan::WasmPolicy& policy, const Tools& tools);

// The engine's options as bytes.
std::string engine_options(const Program& program, const plan::WasmPolicy& policy);

}  // namespace crumb::wasm
