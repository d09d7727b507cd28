// A container's leaf as a tree: the container may have made cgroups of its own below it, and a hostile one as many levels as it
// likes, with names as long as it likes. Everything here goes from directory to directory by descriptor, one step at a time:
// neither the path's length nor the number of descriptors grows with the depth.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/cgroup.h"
#include "plan/plan.h"

namespace crumb::linux {

// "/sys/fs/cgroup/memory/a/b". Throws for a path that is not absolute, leads to the hierarchy's root or holds "." or "..": what
// happens to a leaf must never happen to the machine.
std::string cgroup_directory(const plan::CgroupLeaf& leaf);

// The directories from the hierarchy's root (not included) down to the leaf. Throws likewise.
std::vector<std::string> cgroup_levels(const plan::CgroupLeaf& leaf);

// Whether it is the one of v1's freezer.
bool has_freezer(const plan::CgroupLeaf& leaf);

// For messages: `cgroup "/a/b" in /sys/fs/cgroup/memory`.
std::string cgroup_name(const plan::CgroupLeaf& leaf);

// What the filesystem at a path is.
CgroupKind cgroup_kind_at(const std::string& path);

// Calls `visit` for each line of a text like /proc/self/cgroup: "4:memory:/a/b", of the unified hierarchy, which has no
// controllers there, "0::/a/b".
void for_each_membership(std::string_view text,
                         const std::function<void(std::string_view controllers, std::string_view path)>& visit);

// The path of the unified hierarchy in such a text; empty: none.
std::string unified_path(std::string_view text);

// Moves the process there: 0, or -errno.
long join_cgroup(const std::string& directory, int pid);

// Calls `visit` with the leaf and all cgroups below it, children before parents. A missing leaf is none.
void for_each_cgroup(const plan::CgroupLeaf& leaf, const std::function<void(int directory)>& visit);

// Removes the leaf and all below it, once: 0, or -errno of the first that could not be removed (-EBUSY: it holds processes). A
// missing leaf is removed already.
long remove_cgroup_tree(const plan::CgroupLeaf& leaf);

// The usual end of a container, without a look at what is in the leaf: true when nobody and nothing was and it is gone, or was.
bool remove_empty_cgroup(const plan::CgroupLeaf& leaf);

// The processes of one cgroup, not of those below. Processes that crumb's pid namespace does not show are left out.
std::vector<int> processes_in(int directory);

}  // namespace crumb::linux
