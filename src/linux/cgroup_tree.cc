#include "linux/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "linux/directory.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

CgroupKind kind_of(const struct statfs& facts) {
  if (facts.f_type == CGROUP2_SUPER_MAGIC) return CgroupKind::v2;
  return facts.f_type == CGROUP_SUPER_MAGIC ? CgroupKind::v1 : CgroupKind::none;
}

// Nothing when it is not there; a directory that is no cgroup (the hierarchy was unmounted) is not there either.
Fd open_leaf(const CgroupLeaf& leaf) {
  const long opened = kernel::openat(AT_FDCWD, cgroup_directory(leaf).c_str(), kDirectory);
  if (opened == -ENOENT || opened == -ENOTDIR || opened == -ENODEV) return {};
  Fd directory(check(opened, "{}", cgroup_name(leaf)));
  struct statfs facts{};
  check(kernel::fstatfs(directory.get(), &facts), "{}", cgroup_name(leaf));
  return kind_of(facts) != CgroupKind::none ? std::move(directory) : Fd();
}

std::vector<std::string> children_of(int directory) {
  std::vector<std::string> names;
  try {
    for (Entry& entry : entries(directory, "cgroup"))
      if (entry.type == DT_DIR) names.push_back(std::move(entry.name));
  } catch (const Error&) {
    // Removed while we looked.
  }
  return names;
}

// What stands between the leaf and where the walk is: a cgroup's own name and its children that are still to be visited.
struct Level {
  std::string name;
  std::vector<std::string> children;
};

// Children first: `leave` is called with a cgroup's directory, its parent's and its name below that; the walk ends when it says
// false.
using Leave = std::function<bool(int directory, int parent, const std::string& name)>;

void walk(const CgroupLeaf& leaf, const Leave& leave) {
  Fd at = open_leaf(leaf);
  if (!at) return;
  std::vector<Level> levels{{leaf.path.substr(leaf.path.rfind('/') + 1), children_of(at.get())}};
  while (!levels.empty()) {
    if (std::vector<std::string>& children = levels.back().children; !children.empty()) {
      std::string name = std::move(children.back());
      children.pop_back();
      Fd child(kernel::openat(at.get(), name.c_str(), kDirectory));
      if (!child) continue;  // gone
      at = std::move(child);
      levels.push_back({std::move(name), children_of(at.get())});
      continue;
    }
    // A cgroup never moves to another parent, so ".." is where we came from.
    Fd parent(check(kernel::openat(at.get(), "..", kDirectory), "{}: parent of \"{}\"", cgroup_name(leaf), levels.back().name));
    if (!leave(at.get(), parent.get(), levels.back().name)) return;
    at = std::move(parent);
    levels.pop_back();
  }
}

}  // namespace

CgroupKind cgroup_kind_at(const std::string& path) {
  struct statfs facts{};
  return kernel::syscall(SYS_statfs, path.c_str(), &facts) < 0 ? CgroupKind::none : kind_of(facts);
}

void for_each_membership(std::string_view text,
                         const std::function<void(std::string_view controllers, std::string_view path)>& visit) {
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    visit(line.substr(first + 1, second - first - 1), line.substr(second + 1));
  }
}

std::string unified_path(std::string_view text) {
  std::string found;
  for_each_membership(text, [&](std::string_view controllers, std::string_view path) {
    if (controllers.empty() && found.empty()) found = path;
  });
  return found;
}

std::vector<std::string> cgroup_levels(const CgroupLeaf& leaf) {
  const std::string directory = cgroup_directory(leaf);
  std::vector<std::string> levels;
  for (std::size_t end = leaf.mountpoint.size(); end != directory.size();) {
    end = std::min(directory.find('/', end + 1), directory.size());
    levels.push_back(directory.substr(0, end));
  }
  return levels;
}

std::string cgroup_directory(const CgroupLeaf& leaf) {
  if (!leaf.mountpoint.starts_with('/') || !leaf.path.starts_with('/'))
    throw fail("{}: not an absolute path", cgroup_name(leaf));
  for (std::size_t slash = 0; slash != std::string::npos;) {
    const std::size_t begin = slash + 1;
    slash = leaf.path.find('/', begin);
    const std::string_view part = std::string_view(leaf.path).substr(begin, slash - begin);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos)
      throw fail("{}: {} cannot be a part of a cgroup's path", cgroup_name(leaf), quote(part));
  }
  return leaf.mountpoint + leaf.path;
}

bool has_freezer(const CgroupLeaf& leaf) { return std::ranges::find(leaf.controllers, "freezer") != leaf.controllers.end(); }

std::string cgroup_name(const CgroupLeaf& leaf) { return "cgroup " + quote(leaf.path) + " in " + leaf.mountpoint; }

void for_each_cgroup(const CgroupLeaf& leaf, const std::function<void(int directory)>& visit) {
  walk(leaf, [&](int directory, int, const std::string&) { return visit(directory), true; });
}

long remove_cgroup_tree(const CgroupLeaf& leaf) {
  long result = 0;
  walk(leaf, [&](int, int parent, const std::string& name) {
    result = kernel::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
    if (result == -ENOENT) result = 0;
    return result == 0;
  });
  return result;
}

bool remove_empty_cgroup(const CgroupLeaf& leaf) {
  const std::string directory = cgroup_directory(leaf), parent = directory.substr(0, directory.rfind('/'));
  if (cgroup_kind_at(parent) == CgroupKind::none) return false;
  const long result = kernel::unlinkat(AT_FDCWD, directory.c_str(), AT_REMOVEDIR);
  return result >= 0 || result == -ENOENT;
}

std::vector<int> processes_in(int directory) {
  std::string text;
  try {
    text = read_file(directory, "cgroup.procs");
  } catch (const Error&) {
    return {};  // gone, or a threaded cgroup, whose processes its nearest domain lists
  }
  std::vector<int> pids;
  for (const std::string_view line : split(text, '\n')) {
    int pid = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc{} && pid > 0) pids.push_back(pid);
  }
  return pids;
}

}  // namespace crumb::linux
