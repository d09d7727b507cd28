// A state as the text of its state.json (docs/lifecycle.md says when it is written).
#pragma once

#include <string>

#include "container/store.h"

namespace crumb::container {

inline constexpr int kStateVersion = 1;

// One line of JSON. Store reads it back.
std::string state_text(const State& state);

}  // namespace crumb::container
