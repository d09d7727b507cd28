// Containers as `state` and `list` print them: runc's members, columns and order, which callers parse.
#pragma once

#include <string>
#include <vector>

#include "container/container.h"

namespace crumb::cli {

// All of these end with a line feed (but list_ids of none).
std::string state_json(const container::Summary& summary);
std::string list_json(const std::vector<container::Summary>& summaries);  // [] for none
std::string list_table(const std::vector<container::Summary>& summaries);
std::string list_ids(const std::vector<container::Summary>& summaries);

}  // namespace crumb::cli
