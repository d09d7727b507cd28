// The filter of a container's devices on cgroup v2: a program in the kernel that lives as long as the cgroup it is attached to,
// and nowhere else.
#pragma once

#include "plan/plan.h"

namespace crumb::linux {

// Loads host.device_filter, if there is one, and attaches it to its leaf in the place of the one that is there. Where crumb may
// not load programs, in a user namespace or without the capabilities, the container goes without, as with runc: it cannot make
// device nodes there either, or crumb was told so by whoever took the capabilities. Throws for every other failure when
// config.json asked for rules, and warns when it did not.
void attach_device_filter(const plan::Host& host);

}  // namespace crumb::linux
