// Lines of `crumb events`, with runc's members (its types/events.go), which callers parse.
#pragma once

#include <string>

#include "container/container.h"

namespace crumb::cli {

// {"type":"stats","id":"web","data":{...}}, with a line feed.
std::string stats_event(const std::string& id, const container::Stats& stats);

// {"type":"oom","id":"web"}
std::string oom_event(const std::string& id);

}  // namespace crumb::cli
