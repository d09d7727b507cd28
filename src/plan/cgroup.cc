// The container's leaves, and what is written into them.
#include "plan/parts.h"

namespace crumb::plan {
namespace {

// Where no path is asked for: the root; for an ordinary user on v2 beside the cgroup that crumb is in, which holds processes
// and so cannot give controllers to children of its own.
std::string default_parent(const Surroundings& surroundings) {
  if (!surroundings.may_use || surroundings.cgroups.mode != CgroupMode::v2) return "";
  return surroundings.own_cgroup.substr(0, surroundings.own_cgroup.rfind('/'));
}

// The path below each hierarchy, from cgroupsPath; without doubled slashes.
std::string leaf_path(const Input& input) {
  constexpr char kPlace[] = "linux.cgroupsPath";
  const std::string& written = input.config.linux_.cgroups_path;
  if (written.empty()) return default_parent(input.surroundings) + "/crumb-" + input.surroundings.id;
  if (!written.starts_with('/') && std::count(written.begin(), written.end(), ':') == 2)
    throw input.error(kPlace, fmt::format("\"{}\" is for the systemd cgroup manager, which is {}", written, kNotSupported));
  std::string path;
  for (std::size_t at = 0; at < written.size();) {
    const std::size_t end = std::min(written.find('/', at), written.size());
    const std::string_view part = std::string_view(written).substr(at, end - at);
    if (part == "..") throw input.error(kPlace, fmt::format("\"{}\" must not hold \"..\"", written));
    if (!part.empty() && part != ".") path.append("/").append(part);
    at = end + 1;
  }
  if (path.empty()) throw input.error(kPlace, fmt::format("\"{}\" is the root cgroup", written));
  return path;
}

void add_leaves(const Input& input, Host& host) {
  const Surroundings& surroundings = input.surroundings;
  const std::string path = leaf_path(input);
  if (surroundings.cgroups_disabled) return;
  for (const CgroupHierarchy& hierarchy : surroundings.cgroups.hierarchies) {
    CgroupLeaf leaf{.mountpoint = hierarchy.mountpoint,
                    .path = path,
                    .controllers = hierarchy.controllers,
                    .unified = hierarchy.unified,
                    .required = surroundings.cgroups.mode == CgroupMode::v2 && !surroundings.may_use};
    // Beside v1's, the unified hierarchy only names the container: nothing is limited there.
    if (hierarchy.unified && surroundings.cgroups.mode == CgroupMode::hybrid) leaf.controllers.clear();
    if (!surroundings.may_use || surroundings.may_use(leaf)) host.cgroup_leaves.push_back(std::move(leaf));
  }
}

// Settings that the kernel only takes together, or that mean another thing without each other, are written together.
oci::Resources complete(oci::Resources changed, const oci::Resources& all) {
  if (changed.memory.limit || changed.memory.swap) {
    changed.memory.limit = all.memory.limit;
    changed.memory.swap = all.memory.swap;
  }
  if (changed.cpu.quota || changed.cpu.period) {
    changed.cpu.quota = all.cpu.quota;
    changed.cpu.period = all.cpu.period;
  }
  return changed;
}

}  // namespace

std::optional<std::size_t> leaf_with(const Host& host, std::string_view controller, bool v2) {
  for (std::size_t i = 0; i < host.cgroup_leaves.size(); ++i) {
    const CgroupLeaf& leaf = host.cgroup_leaves[i];
    const auto& has = leaf.controllers;
    const bool core = v2 && controller == "cgroup";  // "cgroup.max.depth" and the like belong to no controller
    if (leaf.unified == v2 && (core || std::find(has.begin(), has.end(), controller) != has.end())) return i;
  }
  return std::nullopt;
}

void add_cgroups(const Input& input, Plan& plan) {
  const oci::Resources& resources = input.config.linux_.resources;
  plan.host.document = input.config.name;
  add_leaves(input, plan.host);
  const LimitsInput limits{.resources = resources,
                           .prefix = "linux.resources.",
                           .v2 = input.surroundings.cgroups.mode == CgroupMode::v2,
                           .disabled = input.surroundings.cgroups_disabled,
                           .restricted = static_cast<bool>(input.surroundings.may_use)};
  add_limits(limits, plan.host);
  // Who may not use cgroups freely has no devices to give either: they are binds of nodes that the user may open anyway.
  if (!limits.restricted) add_devices(limits, plan.host);
  if (resources.memory.limits_kernel_memory) plan.warnings.emplace_back(kKernelMemoryIgnored);
}

Host compile_update(const oci::Resources& changed, const oci::Resources& all, std::vector<CgroupLeaf> leaves,
                    const std::string& document) {
  Host host;
  host.document = document;
  host.cgroup_leaves = std::move(leaves);
  const bool v2 = !host.cgroup_leaves.empty() && std::ranges::all_of(host.cgroup_leaves, &CgroupLeaf::unified);
  const oci::Resources resources = complete(changed, all);
  const LimitsInput limits{.resources = resources, .prefix = "", .v2 = v2, .disabled = host.cgroup_leaves.empty()};
  add_limits(limits, host);
  if (!changed.device_rules.empty()) add_devices(limits, host);
  return host;
}

}  // namespace crumb::plan
