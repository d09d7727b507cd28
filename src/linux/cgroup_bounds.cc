#include "linux/cgroup_bounds.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/call.h"
#include "linux/cgroup_tree.h"
#include "support/fd.h"

namespace crumb::linux {
namespace {

// v1 writes "no limit" as the largest number of pages, in bytes; v2 as "max".
constexpr std::uint64_t kUnlimited = 1ULL << 60;

std::optional<std::uint64_t> read_limit(const std::string& path) {
  const Fd file(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text;
  const long size = file ? kernel::pread64(file.get(), text.data(), text.size(), 0) : -1;
  if (size <= 0) return std::nullopt;
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + size, limit);
  return error == std::errc() && limit < kUnlimited ? std::optional(limit) : std::nullopt;
}

void take_smaller(std::optional<std::uint64_t>& smallest, std::optional<std::uint64_t> limit) {
  if (limit && (!smallest || *limit < *smallest)) smallest = limit;
}

bool controls(const plan::CgroupLeaf& leaf, std::string_view controller) {
  return leaf.unified || std::ranges::find(leaf.controllers, controller) != leaf.controllers.end();
}

}  // namespace

plan::CgroupBounds cgroup_bounds(const std::vector<plan::CgroupLeaf>& leaves) {
  plan::CgroupBounds bounds;
  for (const plan::CgroupLeaf& leaf : leaves) {
    const bool memory = controls(leaf, "memory"), pids = controls(leaf, "pids");
    if (!memory && !pids) continue;
    // The root, too: it may be one only as crumb sees it.
    std::vector<std::string> levels;
    if (leaf.path != "/") levels = cgroup_levels(leaf);
    levels.insert(levels.begin(), leaf.mountpoint);
    for (const std::string& directory : levels) {
      if (memory)
        take_smaller(bounds.memory, read_limit(directory + (leaf.unified ? "/memory.max" : "/memory.limit_in_bytes")));
      if (pids) take_smaller(bounds.processes, read_limit(directory + "/pids.max"));
    }
  }
  return bounds;
}

}  // namespace crumb::linux
