// Programs of the host that crumb calls, to their end.
#pragma once

#include <string>
#include <vector>

namespace crumb::linux {

// What `arguments` print on stdout and stderr together, the program found in $PATH. Throws when it cannot be run, or with its
// output when it does not exit with 0.
std::string output_of(const std::vector<std::string>& arguments);

}  // namespace crumb::linux
