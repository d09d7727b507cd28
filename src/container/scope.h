// Containers whose cgroups systemd makes (--systemd-cgroup). Functions that take a scope or a unit do nothing without one.
#pragma once

#include <string>

#include "container/container.h"
#include "container/store.h"
#include "plan/compile.h"
#include "plan/plan.h"

namespace crumb::container {

// The systemd that the command line asks for, if it does.
std::optional<plan::SystemdManager> systemd_of(const Runtime& runtime);

// The runtime as it was told to be when the container was made: later commands are not told about systemd again.
Runtime as_created(const Runtime& runtime, const State& state);

// Has systemd put the process into its scope.
void start_scope(const Runtime& runtime, const plan::Host& host, int pid);

// Tells systemd about other limits.
void set_scope(const Runtime& runtime, const plan::Host& host);

// Ends what is in the cgroups, and the unit. best_effort: what goes wrong is only a warning.
void end_scope(const Runtime& runtime, const std::string& unit, const std::vector<plan::CgroupLeaf>& cgroups, bool best_effort);

}  // namespace crumb::container
