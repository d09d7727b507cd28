#include "linux/directory.h"

#include <dirent.h>

#include <algorithm>

#include "kernel/call.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

// Some file systems leave it to stat.
unsigned char type_of(int directory, const dirent64& entry) {
  struct stat facts{};
  if (entry.d_type != DT_UNKNOWN || kernel::fstatat(directory, entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) < 0)
    return entry.d_type;
  return static_cast<unsigned char>(IFTODT(facts.st_mode));
}

}  // namespace

std::vector<Entry> entries(int directory, const std::string& name) {
  std::vector<Entry> found;
  alignas(dirent64) char buffer[16384];
  for (;;) {
    const long size = check(kernel::getdents64(directory, buffer, sizeof buffer), "{}", name);
    if (size == 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string_view word = entry->d_name;
      if (word != "." && word != "..") found.push_back({std::string(word), type_of(directory, *entry)});
      at += entry->d_reclen;
    }
  }
  std::ranges::sort(found, {}, &Entry::name);
  return found;
}

}  // namespace crumb::linux
