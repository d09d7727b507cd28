#include "linux/directory.h"

#include <dirent.h>

#include <algorithm>

#include "kernel/call.h"
#include "support/error.h"

namespace crumb::linux {

std::vector<Entry> entries(int directory, const std::string& name) {
  std::vector<Entry> found;
  alignas(dirent64) char buffer[16384];
  for (;;) {
    const long size = check(kernel::getdents64(directory, buffer, sizeof buffer), "{}", name);
    if (size == 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string_view word = entry->d_name;
      if (word != "." && word != "..") found.push_back({std::string(word), entry->d_type});
      at += entry->d_reclen;
    }
  }
  std::ranges::sort(found, {}, &Entry::name);
  return found;
}

}  // namespace crumb::linux
