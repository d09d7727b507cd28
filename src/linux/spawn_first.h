// The first process of a pid namespace.
#pragma once

#include <string>
#include <vector>

namespace crumb::linux {

// As spawn() (process.h), in a new pid namespace and, where the kernel lets it, in the cgroup of version 2 of which `cgroup` is
// the directory (-1: none). -errno where the kernel makes none.
long spawn_first(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited, int cgroup);

}  // namespace crumb::linux
