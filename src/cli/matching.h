// Containers by a pattern instead of an id: --regex of kill and delete, as crun has it.
#pragma once

#include <functional>
#include <string>

#include "container/container.h"

namespace crumb::cli {

// Calls `act` with each id that the POSIX extended regular expression matches somewhere, in the order of the ids; no match is
// no error. What cannot be done with one container is a warning and does not stop the others. Throws Error for a pattern that
// is none; `command` opens its message.
void for_each_match(const container::Runtime& runtime, const std::string& pattern, const char* command,
                    const std::function<void(const std::string& id)>& act);

}  // namespace crumb::cli
