#pragma once

#include <cstddef>
#include <string>

namespace crumb::engine {

// What the file holds, at most `most` bytes of it; empty when it cannot be read. For files of the container, which are not
// trusted: nothing waits on a FIFO or a terminal.
std::string read_file(const std::string& path, std::size_t most);

}  // namespace crumb::engine
