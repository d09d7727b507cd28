// Moving processes into a container's leaves.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "linux/cgroup.h"
#include "linux/cgroup_limits.h"
#include "linux/cgroup_tree.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

// Of version 2, below its mountpoint; empty: none that crumb sees.
std::string unified_cgroup_of(int pid) { return unified_path(read_file(fmt::format("/proc/{}/cgroup", pid))); }

// -EBUSY unless `other` is in a cgroup of version 2 below the leaf.
long join_beside(const CgroupLeaf& leaf, int other, int pid) {
  const std::string path = unified_cgroup_of(other);
  const bool below = path.starts_with(leaf.path + "/") && path.find("/../") == path.npos;
  return below ? join_cgroup(leaf.mountpoint + path, pid) : -EBUSY;
}

long join(const CgroupLeaf& leaf, int pid, int fallback) {
  if (leaf.unified && unified_cgroup_of(pid) == leaf.path) return 0;
  const long result = join_cgroup(cgroup_directory(leaf), pid);
  return result == -EBUSY && leaf.unified && fallback != 0 ? join_beside(leaf, fallback, pid) : result;
}

std::string why_not_joined(const CgroupLeaf& leaf, long result) {
  if (result == -ENOENT || result == -ENODEV) return "it does not exist";
  if (result == -EBUSY && leaf.unified) return "it gives controllers to its children, and so cannot hold processes itself";
  if (result == -EOPNOTSUPP && leaf.unified) return "a cgroup above it holds processes itself, so it is only for threads";
  return errno_text(static_cast<int>(-result));
}

Error not_joined(const CgroupLeaf& leaf, int pid, long result) {
  return fail("{}: process {} cannot join: {}", cgroup_name(leaf), pid, why_not_joined(leaf, result));
}

}  // namespace

long join_cgroup(const std::string& directory, int pid) {
  const long result = kernel::openat(AT_FDCWD, (directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
  const Fd file(result);
  return file ? write_cgroup_word(file.get(), std::to_string(pid)) : result;
}

std::vector<Fd> cgroup_entrances(const std::vector<CgroupLeaf>& leaves, int pid) {
  std::vector<Fd> entrances;
  for (const CgroupLeaf& leaf : leaves) {
    const long result = kernel::openat(AT_FDCWD, (cgroup_directory(leaf) + "/tasks").c_str(), O_WRONLY | O_CLOEXEC);
    if (result < 0) throw not_joined(leaf, pid, result);
    entrances.emplace_back(result);
  }
  return entrances;
}

Fd unified_cgroup(const std::vector<CgroupLeaf>& leaves) {
  const auto leaf = std::ranges::find(leaves, true, &CgroupLeaf::unified);
  if (leaf == leaves.end()) return {};
  Fd directory(kernel::openat(AT_FDCWD, cgroup_directory(*leaf).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return directory ? std::move(directory) : Fd();
}

void join_cgroups(const std::vector<CgroupLeaf>& leaves, int pid, int fallback) {
  for (const CgroupLeaf& leaf : leaves) {
    const long result = join(leaf, pid, fallback);
    if (result >= 0) continue;
    const Error error = not_joined(leaf, pid, result);
    if (leaf.required) throw error;
    log::debug(error.what());
  }
}

}  // namespace crumb::linux
