// The first process of a pid namespace.
#pragma once

#include <string>
#include <vector>

namespace crumb::linux {

// As spawn() (process.h), in a new pid namespace. -errno where the kernel makes none.
long spawn_first(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited);

}  // namespace crumb::linux
