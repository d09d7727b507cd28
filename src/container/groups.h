// A process's way into its cgroups and its RDT group, for create and exec alike.
#pragma once

#include "container/session.h"
#include "plan/plan.h"

namespace crumb::container {

// Moves the process into the Plan's groups, which are there; but for the cgroups of version 1 that it enters itself at the
// point `placed`, to which this is the answer (linux/cgroup.h says why).
Answer join_groups(const plan::Host& host, int pid);

}  // namespace crumb::container
