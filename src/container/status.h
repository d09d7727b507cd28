// A container's status, derived from what is there (docs/lifecycle.md): only that creation has finished is stored.
#pragma once

#include <string>

#include "container/container.h"
#include "container/store.h"

namespace crumb::container {

Status status_of(const Entry& entry, const State& state);

// A container under its lock: nobody starts or removes it meanwhile.
struct Held {
  Entry entry;
  State state;
  Status status;
};

// Throws `container "x" does not exist`, and `container not running` where its state is missing.
Held hold(const Runtime& runtime, const std::string& id);

}  // namespace crumb::container
