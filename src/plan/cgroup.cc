// The container's leaves, and what is written into them.
#include "plan/parts.h"
#include "plan/systemd.h"
#include "support/text.h"

namespace crumb::plan {
namespace {

// Where no path is asked for: the root; for an ordinary user on v2 beside the cgroup that crumb is in, which holds processes
// and so cannot give controllers to children of its own.
std::string default_parent(const Surroundings& surroundings) {
  if (!surroundings.may_use || surroundings.cgroups.mode != CgroupMode::v2) return "";
  return surroundings.own_cgroup.substr(0, surroundings.own_cgroup.rfind('/'));
}

// Absolute, without doubled slashes; "" for nothing but slashes.
std::string plain_path(const Input& input, std::string_view place, std::string_view written) {
  std::string path;
  for (const std::string_view part : split(written, '/')) {
    if (part == "..") throw input.error(place, fmt::format("\"{}\" must not hold \"..\"", written));
    if (!part.empty() && part != ".") path.append("/").append(part);
  }
  return path;
}

constexpr char kPath[] = "linux.cgroupsPath";

// The path below each hierarchy, from cgroupsPath.
std::string leaf_path(const Input& input) {
  const std::string& written = input.config.linux_.cgroups_path;
  if (written.empty()) return default_parent(input.surroundings) + "/crumb-" + input.surroundings.id;
  if (!written.starts_with('/') && std::count(written.begin(), written.end(), ':') == 2)
    throw input.error(kPath, fmt::format("\"{}\" is for the systemd cgroup manager: use --systemd-cgroup", written));
  std::string path = plain_path(input, kPath, written);
  if (path.empty()) throw input.error(kPath, fmt::format("\"{}\" is the root cgroup", written));
  return path;
}

// Throws what `work` throws, with the place in front.
auto at(const Input& input, std::string_view place, auto work) {
  try {
    return work();
  } catch (const Error& error) {
    throw input.error(place, error.what());
  }
}

// org.systemd.property.NAME
void add_annotated(const Input& input, std::vector<SystemdProperty>& properties) {
  constexpr std::string_view kPrefix = "org.systemd.property.";
  for (const auto& [key, value] : input.config.annotations)
    if (key.starts_with(kPrefix))
      properties.push_back(at(input, fmt::format("annotations[\"{}\"]", key),
                              [&] { return annotated_property(std::string_view(key).substr(kPrefix.size()), value); }));
}

// What systemd is told of every scope; the accounting switches the controllers on.
std::vector<SystemdProperty> first_properties(const std::string& id, const std::string& slice, bool v2) {
  return {{"Description", "s", {fmt::format("crumb container {}", id)}},
          {"Slice", "s", {slice}},
          {"Delegate", "b", {"true"}},
          {"DefaultDependencies", "b", {"false"}},
          {"MemoryAccounting", "b", {"true"}},
          {"CPUAccounting", "b", {"true"}},
          {v2 ? "IOAccounting" : "BlockIOAccounting", "b", {"true"}},
          {"TasksAccounting", "b", {"true"}}};
}

// crun's annotation: the cgroup that the container has below its scope's.
std::string subgroup(const Input& input) {
  constexpr char kSubgroup[] = "run.oci.systemd.subgroup";
  const auto annotation = input.config.annotations.find(kSubgroup);
  if (annotation == input.config.annotations.end()) return "";
  return plain_path(input, fmt::format("annotations[\"{}\"]", kSubgroup), annotation->second);
}

bool is_v2(const Surroundings& surroundings) { return surroundings.cgroups.mode == CgroupMode::v2; }

void add_scope(const Input& input, const SystemdManager& manager, const LimitsInput& limits, Host& host) {
  const Surroundings& surroundings = input.surroundings;
  if (surroundings.cgroups.mode == CgroupMode::none) throw input.error(kPath, "this machine has no cgroups mounted");
  if (manager.user && !limits.v2) throw input.error(kPath, "a user's systemd gives cgroups on version 2 only");
  const std::string& path = input.config.linux_.cgroups_path;
  const ScopeName name = at(input, kPath, [&] { return scope_name(path, surroundings.id, manager.user); });
  SystemdScope scope{name.unit, manager.control_group + slice_path(name.slice) + "/" + name.unit,
                     first_properties(surroundings.id, name.slice, limits.v2)};
  if (!limits.restricted) add_device_properties(limits, scope.properties);
  add_resource_properties(limits, host.document, scope.properties);
  add_annotated(input, scope.properties);
  host.scope = std::move(scope);
}

void add_leaves(const Input& input, Host& host) {
  const Surroundings& surroundings = input.surroundings;
  const std::string path = host.scope ? host.scope->control_group + subgroup(input) : leaf_path(input);
  if (surroundings.cgroups_disabled) return;
  for (const CgroupHierarchy& hierarchy : surroundings.cgroups.hierarchies) {
    CgroupLeaf leaf{.mountpoint = hierarchy.mountpoint,
                    .path = path,
                    .controllers = hierarchy.controllers,
                    .unified = hierarchy.unified,
                    .required = is_v2(surroundings) && (host.scope || !surroundings.may_use)};
    // Beside v1's, the unified hierarchy only names the container: nothing is limited there.
    if (hierarchy.unified && surroundings.cgroups.mode == CgroupMode::hybrid) leaf.controllers.clear();
    // A scope is its asker's, and systemd moves the process there.
    if (host.scope || !surroundings.may_use || surroundings.may_use(leaf)) host.cgroup_leaves.push_back(std::move(leaf));
  }
}

// The uid outside of the user who executes the container's program; none where config.json does not tell.
std::optional<std::uint32_t> outer_uid(const Input& input) {
  const std::uint32_t uid = input.process().user.uid;
  if (!input.has_namespace(CLONE_NEWUSER)) return uid;
  if (input.joins(CLONE_NEWUSER)) return std::nullopt;
  for (const auto& [container, host, size] : input.config.linux_.uid_mappings)
    if (uid >= container && uid - container < size) return host + (uid - container);
  return std::nullopt;
}

// config-linux.md, Cgroup ownership: a mount of the container's own cgroups that it can write to.
bool has_writable_cgroups(const Input& input) {
  return std::ranges::any_of(input.config.mounts, [](const oci::Mount& mount) {
    const bool readonly = std::ranges::find(mount.options, "ro") != mount.options.end();
    return mount.source == "cgroup" && mount.destination == "/sys/fs/cgroup" && !readonly;
  });
}

// Whoever executes the program may divide the cgroup further (an init system, a runtime), on v2 only: v1 is not safe there.
void add_owner(const Input& input, Host& host) {
  const bool own_namespace = input.has_namespace(CLONE_NEWCGROUP) && !input.joins(CLONE_NEWCGROUP);
  if (input.surroundings.cgroups.mode != CgroupMode::v2 || !own_namespace || !has_writable_cgroups(input)) return;
  const std::optional<std::uint32_t> owner = outer_uid(input);
  if (owner && *owner != input.surroundings.uid && !input.surroundings.ordinary_user()) host.cgroup_owner = owner;
}

// crun's annotation: a cgroup below the one that has the limits, for the container to do with as it likes.
void add_delegated(const Input& input, Host& host) {
  constexpr char kDelegate[] = "run.oci.delegate-cgroup";
  const auto annotation = input.config.annotations.find(kDelegate);
  if (annotation == input.config.annotations.end() || input.surroundings.cgroups_disabled) return;
  const std::string place = fmt::format("annotations[\"{}\"]", kDelegate);
  if (input.surroundings.cgroups.mode != CgroupMode::v2) throw input.error(place, "needs cgroup v2");
  host.delegated_cgroup = plain_path(input, place, annotation->second);
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
  const LimitsInput limits{.resources = resources,
                           .prefix = "linux.resources.",
                           .v2 = is_v2(input.surroundings),
                           .disabled = input.surroundings.cgroups_disabled,
                           .restricted = static_cast<bool>(input.surroundings.may_use)};
  if (input.surroundings.systemd) add_scope(input, *input.surroundings.systemd, limits, plan.host);
  add_leaves(input, plan.host);
  add_delegated(input, plan.host);
  add_owner(input, plan.host);
  add_limits(limits, plan.host);
  // Who may not use cgroups freely has no devices to give either: they are binds of nodes that the user may open anyway.
  if (!limits.restricted) add_devices(limits, plan.host);
  if (limits_kernel_memory(resources.memory, limits.v2)) plan.warnings.emplace_back(kKernelMemoryIgnored);
}

bool are_unified(const std::vector<CgroupLeaf>& leaves) {
  return !leaves.empty() && std::ranges::all_of(leaves, &CgroupLeaf::unified);
}

bool limits_kernel_memory(const oci::Memory& memory, bool v2) { return memory.kernel || (v2 && memory.kernel_tcp); }

Host compile_update(const oci::Resources& changed, const oci::Resources& all, std::vector<CgroupLeaf> leaves,
                    const std::string& document, const std::string& unit) {
  Host host;
  host.document = document;
  host.cgroup_leaves = std::move(leaves);
  const oci::Resources resources = complete(changed, all);
  const LimitsInput limits{
      .resources = resources, .prefix = "", .v2 = are_unified(host.cgroup_leaves), .disabled = host.cgroup_leaves.empty()};
  add_limits(limits, host);
  if (!changed.device_rules.empty()) add_devices(limits, host);
  if (unit.empty()) return host;
  host.scope = SystemdScope{unit, "", {}};
  if (!changed.device_rules.empty()) add_device_properties(limits, host.scope->properties);
  add_resource_properties(limits, document, host.scope->properties);
  return host;
}

}  // namespace crumb::plan
