// The second wall around a guest: should it ever leave its linear memory and have its engine's process, then this is all that
// the process can still do. docs/engine.md says what that is.
#pragma once

#include "engine/options.h"

namespace crumb::engine {

// From now on the process makes only the system calls that the guest's policy needs, for all its threads and for good: no
// program is executed, no memory becomes executable, no privilege is gained; capabilities without a use for such a guest are
// gone. A call that is not foreseen ends the process with kStopped and one line.
//
// For the moment when the module is loaded, its code mapped, and nothing of it has run. Where the kernel has no seccomp, or the
// container's own filter forbids to load one, one line says so and the guest runs without.
void raise_wall(const Options& options);

inline constexpr int kStopped = 128 + 31;  // SIGSYS's

}  // namespace crumb::engine
