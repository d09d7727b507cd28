// Names in a directory.
#pragma once

#include <string>
#include <vector>

namespace crumb::linux {

struct Entry {
  std::string name;
  unsigned char type = 0;  // DT_*
};

// Everything but "." and "..", sorted by name. `directory` must be open for reading, not O_PATH; `name` is for messages.
std::vector<Entry> entries(int directory, const std::string& name);

}  // namespace crumb::linux
