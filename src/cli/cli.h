// crumb's command line as a whole: finds the command, runs it, prints its error once.
#pragma once

#include <string>
#include <vector>

namespace crumb::cli {

// `arguments`: argv without its first. Returns the exit code.
int main(const std::vector<std::string>& arguments);

}  // namespace crumb::cli
