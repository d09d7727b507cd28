// exec --cgroup: cgroups that a container has made below its own.
#pragma once

#include <vector>

#include "container/container.h"
#include "plan/plan.h"

namespace crumb::container {

// The container's leaves with the wanted paths below them; they are not made if they are missing. Throws for a path that leads
// out and for a controller of which the container has no cgroup of its own (on version 2: any, there is one cgroup for all).
std::vector<plan::CgroupLeaf> below(std::vector<plan::CgroupLeaf> leaves, const SubCgroups& wanted);

}  // namespace crumb::container
