// A container's status, derived from what is there (docs/lifecycle.md): only that creation has finished is stored.
#pragma once

#include <string>

#include "container/container.h"
#include "container/store.h"

namespace crumb::container {

Status status_of(const Entry& entry, const State& state);

}  // namespace crumb::container
