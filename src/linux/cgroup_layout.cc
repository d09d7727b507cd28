// Which hierarchies are mounted where.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "linux/cgroup.h"
#include "linux/cgroup_tree.h"
#include "linux/mountinfo.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

constexpr std::string_view kUsual = "/sys/fs/cgroup";

constexpr std::string_view kKnownControllers[] = {"cpu",     "cpuacct",  "cpuset",     "memory",  "devices", "freezer", "blkio",
                                                  "net_cls", "net_prio", "perf_event", "hugetlb", "pids",    "rdma",    "misc"};

// A controller's name or "name=systemd" among a v1 mount's super options.
bool names_hierarchy(std::string_view option) {
  return option.starts_with("name=") || std::ranges::find(kKnownControllers, option) != std::end(kKnownControllers);
}

std::optional<plan::CgroupHierarchy> hierarchy_of(const MountLine& mount) {
  plan::CgroupHierarchy hierarchy;
  hierarchy.unified = mount.type == "cgroup2";
  if (!hierarchy.unified && mount.type != "cgroup") return std::nullopt;
  hierarchy.mountpoint = mount.mountpoint;
  if (!hierarchy.unified)
    for (const std::string_view option : split(mount.options, ','))
      if (names_hierarchy(option)) hierarchy.controllers.emplace_back(option);
  return hierarchy;
}

// Of several mounts of one hierarchy (containers have their own) the one in the usual place counts, else the first.
void add(std::vector<plan::CgroupHierarchy>& all, plan::CgroupHierarchy found) {
  const auto same = std::ranges::find_if(all, [&](const plan::CgroupHierarchy& other) {
    return other.unified == found.unified && other.controllers == found.controllers;
  });
  if (same == all.end())
    all.push_back(std::move(found));
  else if (!same->mountpoint.starts_with(kUsual) && found.mountpoint.starts_with(kUsual))
    *same = std::move(found);
}

plan::CgroupMode mode_of(const std::vector<plan::CgroupHierarchy>& all) {
  const bool v2 = std::ranges::any_of(all, &plan::CgroupHierarchy::unified);
  const bool v1 = !std::ranges::all_of(all, &plan::CgroupHierarchy::unified);
  if (v1) return v2 ? plan::CgroupMode::hybrid : plan::CgroupMode::v1;
  return v2 ? plan::CgroupMode::v2 : plan::CgroupMode::none;
}

}  // namespace

plan::CgroupLayout parse_cgroups(const std::string& mountinfo) {
  plan::CgroupLayout layout;
  for_each_mount(mountinfo, [&](const MountLine& mount) {
    if (std::optional<plan::CgroupHierarchy> found = hierarchy_of(mount)) add(layout.hierarchies, std::move(*found));
  });
  layout.mode = mode_of(layout.hierarchies);
  return layout;
}

// The kernel lists hierarchies that are mounted nowhere, too.
std::optional<plan::CgroupLayout> usual_cgroups(const std::function<std::string()>& own, const CgroupKindOf& kind_of) {
  constexpr std::string_view kNamed = "name=";
  const std::string usual(kUsual);
  if (kind_of(usual) == CgroupKind::v2) return plan::CgroupLayout{plan::CgroupMode::v2, {{usual, {}, true}}};
  plan::CgroupLayout layout;
  bool all_found = true;
  const auto look = [&](std::string path, CgroupKind wanted, std::vector<std::string> controllers) {
    if (kind_of(path) != wanted) return false;
    layout.hierarchies.push_back({std::move(path), std::move(controllers), wanted == CgroupKind::v2});
    return true;
  };
  for_each_membership(own(), [&](std::string_view controllers, std::string_view) {
    if (controllers.empty()) {
      look(fmt::format("{}/unified", kUsual), CgroupKind::v2, {});
      return;
    }
    const std::string_view name = controllers.starts_with(kNamed) ? controllers.substr(kNamed.size()) : controllers;
    std::vector<std::string> words;
    for (const std::string_view word : split(controllers, ',')) words.emplace_back(word);
    all_found = all_found && look(std::string(kUsual).append("/").append(name), CgroupKind::v1, std::move(words));
  });
  if (!all_found || layout.hierarchies.empty()) return std::nullopt;
  std::ranges::reverse(layout.hierarchies);  // the order of their mounts
  layout.mode = mode_of(layout.hierarchies);
  return layout;
}

std::vector<plan::CgroupLeaf> parse_own_cgroups(const plan::CgroupLayout& layout, std::string_view text) {
  std::vector<plan::CgroupLeaf> leaves;
  for_each_membership(text, [&](std::string_view controllers, std::string_view path) {
    const auto hierarchy = std::ranges::find_if(layout.hierarchies, [&](const plan::CgroupHierarchy& one) {
      return one.unified ? controllers.empty() : !one.controllers.empty() && join(one.controllers, ",") == controllers;
    });
    if (hierarchy == layout.hierarchies.end() || path.find("/..") != std::string_view::npos) return;
    leaves.push_back({.mountpoint = hierarchy->mountpoint,
                      .path = std::string(path),
                      .controllers = hierarchy->controllers,
                      .unified = hierarchy->unified});
  });
  return leaves;
}

std::vector<plan::CgroupLeaf> own_cgroups() { return parse_own_cgroups(find_cgroups(), read_file("/proc/self/cgroup")); }

std::string own_unified_cgroup() {
  std::string path = unified_path(read_file("/proc/self/cgroup"));
  return path.empty() ? "/" : path;
}

namespace {

plan::CgroupLayout where_they_are() {
  try {
    const auto own = [] { return read_file("/proc/self/cgroup"); };
    if (std::optional<plan::CgroupLayout> usual = usual_cgroups(own, cgroup_kind_at)) return *usual;
  } catch (const Error&) {
    // A kernel without cgroups.
  }
  return parse_cgroups(read_file("/proc/self/mountinfo"));
}

bool may_write(const std::string& path) { return kernel::faccessat2(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) >= 0; }

// The lowest cgroup that is above (or is) both paths.
std::string common_parent(std::string_view a, std::string_view b) {
  std::size_t end = 0;
  for (std::size_t at = 0; at <= std::min(a.size(), b.size()); ++at) {
    const bool a_ends = at == a.size() || a[at] == '/', b_ends = at == b.size() || b[at] == '/';
    if (a_ends && b_ends) end = at;
    if (at == a.size() || at == b.size() || a[at] != b[at]) break;
  }
  return std::string(a.substr(0, end));
}

}  // namespace

bool may_use_cgroup(const plan::CgroupLeaf& leaf) {
  const std::vector<std::string> levels = cgroup_levels(leaf);
  std::string lowest = leaf.mountpoint;  // of what is there
  for (const std::string& level : levels)
    if (kernel::faccessat2(AT_FDCWD, level.c_str(), F_OK, 0) >= 0) lowest = level;
  if (!may_write(lowest)) return false;
  if (!leaf.unified) return true;
  // v2: whoever moves a process needs the right over the cgroup above both places (cgroup-v2.rst, Delegation Containment).
  return may_write(leaf.mountpoint + common_parent(own_unified_cgroup(), leaf.path) + "/cgroup.procs");
}

plan::CgroupLayout find_cgroups() {
  plan::CgroupLayout layout = where_they_are();
  for (plan::CgroupHierarchy& hierarchy : layout.hierarchies) {
    if (!hierarchy.unified) continue;
    const std::string controllers = read_file(hierarchy.mountpoint + "/cgroup.controllers");
    for (const std::string_view name : split(std::string_view(controllers).substr(0, controllers.find('\n')), ' '))
      if (!name.empty()) hierarchy.controllers.emplace_back(name);
  }
  return layout;
}

}  // namespace crumb::linux
