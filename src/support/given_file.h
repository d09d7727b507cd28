// A file that whoever calls crumb names on the command line.
#pragma once

#include <string>

namespace crumb {

// All of it. Unlike read_file it may be a pipe, which a shell's <(...) is, and is waited for then. Throws as read_all does.
std::string read_given_file(const std::string& path);

}  // namespace crumb
