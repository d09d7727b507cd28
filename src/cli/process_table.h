// What `crumb ps` prints, in runc's forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crumb::cli {

// "[1,2]\n"
std::string pids_json(const std::vector<int>& pids);

// Of the output of ps(1) its heading and the lines of these processes. Throws when it has no column PID.
std::string process_table(std::string_view output, const std::vector<int>& pids);

}  // namespace crumb::cli
