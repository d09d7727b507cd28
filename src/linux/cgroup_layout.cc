// Which hierarchies are mounted where.
#include <algorithm>
#include <string_view>

#include "linux/cgroup.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

constexpr std::string_view kKnownControllers[] = {"cpu",     "cpuacct",  "cpuset",     "memory",  "devices", "freezer", "blkio",
                                                  "net_cls", "net_prio", "perf_event", "hugetlb", "pids",    "rdma",    "misc"};

// A controller's name or "name=systemd" among a v1 mount's super options.
bool names_hierarchy(std::string_view option) {
  return option.starts_with("name=") || std::ranges::find(kKnownControllers, option) != std::end(kKnownControllers);
}

// One line of proc(5) mountinfo: the fixed fields, " - ", type, source, super options.
std::optional<plan::CgroupHierarchy> parse_line(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> before = split(line.substr(0, dash), ' ');
  const std::vector<std::string_view> after = split(line.substr(dash + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return std::nullopt;
  plan::CgroupHierarchy hierarchy;
  hierarchy.unified = after[0] == "cgroup2";
  if (!hierarchy.unified && after[0] != "cgroup") return std::nullopt;
  hierarchy.mountpoint = before[4];
  if (!hierarchy.unified)
    for (const std::string_view option : split(after[2], ','))
      if (names_hierarchy(option)) hierarchy.controllers.emplace_back(option);
  return hierarchy;
}

}  // namespace

plan::CgroupLayout parse_cgroups(const std::string& mountinfo) {
  plan::CgroupLayout layout;
  bool v1 = false, v2 = false;
  for (const std::string_view line : split(mountinfo, '\n')) {
    std::optional<plan::CgroupHierarchy> found = parse_line(line);
    // A container's own cgroup mounts and second mounts of one hierarchy come later in the list: the first one counts.
    if (!found || !found->mountpoint.starts_with("/sys/fs/cgroup")) continue;
    const bool known = std::ranges::any_of(layout.hierarchies, [&](const plan::CgroupHierarchy& other) {
      return other.unified == found->unified && other.controllers == found->controllers;
    });
    if (known) continue;
    (found->unified ? v2 : v1) = true;
    layout.hierarchies.push_back(std::move(*found));
  }
  layout.mode = v1 && v2 ? plan::CgroupMode::hybrid
                : v1     ? plan::CgroupMode::v1
                : v2     ? plan::CgroupMode::v2
                         : plan::CgroupMode::none;
  return layout;
}

plan::CgroupLayout find_cgroups() {
  plan::CgroupLayout layout = parse_cgroups(read_file("/proc/self/mountinfo"));
  for (plan::CgroupHierarchy& hierarchy : layout.hierarchies) {
    if (!hierarchy.unified) continue;
    const std::string controllers = read_file(hierarchy.mountpoint + "/cgroup.controllers");
    for (const std::string_view name : split(std::string_view(controllers).substr(0, controllers.find('\n')), ' '))
      if (!name.empty()) hierarchy.controllers.emplace_back(name);
  }
  return layout;
}

}  // namespace crumb::linux
