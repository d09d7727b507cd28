// The seccomp filter of a container, for create and exec alike.
#pragma once

#include "container/container.h"
#include "oci/config.h"
#include "plan/plan.h"

namespace crumb::container {

// Puts the filter's program into the Plan, if it has one to load. Throws Error naming the place in config.json.
void add_filter(const Runtime& runtime, const oci::Config& config, plan::Plan& plan);

}  // namespace crumb::container
