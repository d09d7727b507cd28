// A process becomes a guest: what crumb-wasm and the handler for crun (src/crun) share.
#pragma once

#include "engine/options.h"

namespace crumb::engine {

// Runs the module that the options name, with this process's environment, working directory, user and standard streams. Ends
// the process with the guest's exit code; returns one, after a line on stderr (report.h), when the module cannot run.
int run(Options& options);

}  // namespace crumb::engine
