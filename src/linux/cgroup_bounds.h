// Limits that are in force on a container's cgroup, whoever has set them.
#pragma once

#include <vector>

#include "plan/wasm_policy.h"

namespace crumb::linux {

// The smallest ones of the leaves and everything above them. Files that are missing or cannot be read are no limits. Throws for
// paths that are refused (cgroup_tree.h), but for the root itself.
plan::CgroupBounds cgroup_bounds(const std::vector<plan::CgroupLeaf>& leaves);

}  // namespace crumb::linux
