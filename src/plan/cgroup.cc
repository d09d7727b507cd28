// linux.resources -> files of the container's leaves. v1: kernel documentation cgroup-v1/*; v2: cgroup-v2.rst.
#include <iterator>
#include <optional>

#include "plan/parts.h"

namespace crumb::plan {
namespace {

constexpr std::int64_t kUnlimited = -1;
constexpr std::uint64_t kDefaultPeriod = 100000;  // microseconds, the kernel's own

std::string place_of(std::string_view member) { return fmt::format("linux.resources.{}", member); }

std::string v2_amount(std::int64_t amount) { return amount < 0 ? "max" : fmt::to_string(amount); }

// 2..262144 shares onto 1..10000 of weight, as the field's runtimes do it.
std::uint64_t weight_of_shares(std::uint64_t shares) { return 1 + (shares - 2) * 9999 / 262142; }

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

class Limits {
 public:
  Limits(const Input& input, Host& host)
      : input_(input),
        host_(host),
        resources_(input.config.linux_.resources),
        v2_(input.surroundings.cgroups.mode == CgroupMode::v2) {}

  void add_memory();
  void add_cpu();
  void add_pids();
  void add_devices();
  void add_unified();

 private:
  void check_swap() const;
  void add_memory_v1();
  void add_memory_v2();
  void add_device_rule(bool allow, std::string_view rule, std::string_view place);
  void write(std::string_view controller, std::string_view file, std::string value, std::string place);
  std::optional<std::size_t> leaf_with(std::string_view controller) const;

  const Input& input_;
  Host& host_;
  const oci::Resources& resources_;
  const bool v2_;
};

std::optional<std::size_t> Limits::leaf_with(std::string_view controller) const {
  for (std::size_t i = 0; i < host_.cgroup_leaves.size(); ++i) {
    const CgroupLeaf& leaf = host_.cgroup_leaves[i];
    const auto& has = leaf.controllers;
    const bool core = v2_ && controller == "cgroup";  // "cgroup.max.depth" and the like belong to no controller
    if (leaf.unified == v2_ && (core || std::find(has.begin(), has.end(), controller) != has.end())) return i;
  }
  return std::nullopt;
}

void Limits::write(std::string_view controller, std::string_view file, std::string value, std::string place) {
  if (input_.surroundings.cgroups_disabled) throw input_.error(place, "cannot be enforced with --cgroup-manager=disabled");
  const std::optional<std::size_t> leaf = leaf_with(controller);
  if (!leaf && input_.surroundings.may_use)
    throw input_.error(place, fmt::format("crumb may not make a cgroup with the controller \"{}\" here", controller));
  if (!leaf) throw input_.error(place, fmt::format("this machine has no cgroup controller \"{}\"", controller));
  host_.cgroup_leaves[*leaf].required = true;
  host_.cgroup_writes.push_back({*leaf, std::string(file), std::move(value), std::move(place)});
}

// Both versions need a limit below the sum of memory and swap; what v2 is told is the difference.
void Limits::check_swap() const {
  const auto& [limit, reservation, swap, swappiness, disable_oom_killer] = resources_.memory;
  if (!swap || *swap == kUnlimited) return;
  if (!limit || *limit == kUnlimited) throw input_.error(place_of("memory.swap"), "needs a limit in memory.limit");
  if (*swap < *limit)
    throw input_.error(place_of("memory.swap"),
                       fmt::format("{} is memory and swap together, and below memory.limit, {}", *swap, *limit));
}

void Limits::add_memory() {
  check_swap();
  if (v2_)
    add_memory_v2();
  else
    add_memory_v1();
}

// A new cgroup has no limits: memory's goes first, for the sum of memory and swap may never be below it.
void Limits::add_memory_v1() {
  const oci::Memory& memory = resources_.memory;
  const auto write_amount = [&](const std::optional<std::int64_t>& amount, std::string_view file, std::string_view member) {
    if (amount) write("memory", file, fmt::to_string(*amount), place_of(member));
  };
  write_amount(memory.limit, "memory.limit_in_bytes", "memory.limit");
  write_amount(memory.swap, "memory.memsw.limit_in_bytes", "memory.swap");
  write_amount(memory.reservation, "memory.soft_limit_in_bytes", "memory.reservation");
  if (memory.swappiness)
    write("memory", "memory.swappiness", fmt::to_string(*memory.swappiness), place_of("memory.swappiness"));
  if (memory.disable_oom_killer.value_or(false))
    write("memory", "memory.oom_control", "1", place_of("memory.disableOOMKiller"));
}

void Limits::add_memory_v2() {
  constexpr char kNoSuchFile[] = "cgroup v2 has no such setting";
  const oci::Memory& memory = resources_.memory;
  if (memory.swappiness) throw input_.error(place_of("memory.swappiness"), kNoSuchFile);
  if (memory.disable_oom_killer.value_or(false)) throw input_.error(place_of("memory.disableOOMKiller"), kNoSuchFile);
  if (memory.limit) write("memory", "memory.max", v2_amount(*memory.limit), place_of("memory.limit"));
  if (memory.swap) {
    const std::int64_t swap = *memory.swap == kUnlimited ? kUnlimited : *memory.swap - *memory.limit;
    write("memory", "memory.swap.max", v2_amount(swap), place_of("memory.swap"));
  }
  if (memory.reservation) write("memory", "memory.low", v2_amount(*memory.reservation), place_of("memory.reservation"));
}

void Limits::add_cpu() {
  const oci::Cpu& cpu = resources_.cpu;
  if (cpu.shares) {
    const std::uint64_t value = v2_ ? weight_of_shares(*cpu.shares) : *cpu.shares;
    write("cpu", v2_ ? "cpu.weight" : "cpu.shares", fmt::to_string(value), place_of("cpu.shares"));
  }
  if (v2_ && (cpu.quota || cpu.period)) {
    const std::string quota = v2_amount(cpu.quota.value_or(kUnlimited));
    write("cpu", "cpu.max", fmt::format("{} {}", quota, cpu.period.value_or(kDefaultPeriod)),
          place_of(cpu.quota ? "cpu.quota" : "cpu.period"));
  }
  if (!v2_ && cpu.period) write("cpu", "cpu.cfs_period_us", fmt::to_string(*cpu.period), place_of("cpu.period"));
  if (!v2_ && cpu.quota) write("cpu", "cpu.cfs_quota_us", fmt::to_string(*cpu.quota), place_of("cpu.quota"));
  if (!cpu.cpus.empty()) write("cpuset", "cpuset.cpus", cpu.cpus, place_of("cpu.cpus"));
  if (!cpu.mems.empty()) write("cpuset", "cpuset.mems", cpu.mems, place_of("cpu.mems"));
}

void Limits::add_pids() {
  if (!resources_.pids_limit) return;
  const std::int64_t limit = *resources_.pids_limit;
  write("pids", "pids.max", limit > 0 ? fmt::to_string(limit) : "max", place_of("pids.limit"));
}

void Limits::add_device_rule(bool allow, std::string_view rule, std::string_view place) {
  write("devices", allow ? "devices.allow" : "devices.deny", std::string(rule), std::string(place));
}

std::string device_number(const std::optional<std::uint64_t>& number) { return number ? fmt::to_string(*number) : "*"; }

// Whatever the list says, a container keeps the devices that every container has, as with the field's runtimes. Rules about "a"
// are the kernel's only for all numbers and all rights at once (cgroup-v1/devices.rst); others are written for b and c.
void Limits::add_devices() {
  constexpr std::string_view kAlways[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:8 rwm",   "c 1:7 rwm",   "c 5:0 rwm",
                                          "c 1:5 rwm", "c 1:9 rwm", "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm"};
  const std::string place = place_of("devices");
  if (resources_.device_rules.empty() || input_.surroundings.cgroups_disabled) return;
  // Who may not use cgroups freely has no devices to give either: they are binds of nodes that the user may open anyway.
  if (input_.surroundings.may_use) return;
  if (v2_) throw input_.error(place, fmt::format("on cgroup v2: {}", kNotSupported));
  for (std::size_t i = 0; i < resources_.device_rules.size(); ++i) {
    const oci::DeviceRule& rule = resources_.device_rules[i];
    const std::string here = fmt::format("{}[{}]", place, i);
    const bool all =
        !rule.major && !rule.minor && std::string_view("rwm").find_first_not_of(rule.access) == std::string_view::npos;
    if (rule.type == 'a' && all) {
      add_device_rule(rule.allow, "a", here);
      continue;
    }
    for (const char type : {'b', 'c'})
      if (rule.type == 'a' || rule.type == type)
        add_device_rule(rule.allow,
                        fmt::format("{} {}:{} {}", type, device_number(rule.major), device_number(rule.minor), rule.access),
                        here);
  }
  for (const std::string_view rule : kAlways) add_device_rule(true, rule, place);
}

// Verbatim and last, so that they win; a file with several entries takes one line a write.
void Limits::add_unified() {
  for (const auto& [file, value] : resources_.unified) {
    const std::string place = place_of(fmt::format("unified[\"{}\"]", file));
    if (!v2_ && !input_.surroundings.cgroups_disabled) throw input_.error(place, "needs cgroup v2");
    const std::string controller = file.substr(0, file.find('.'));
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      if (end > at) write(controller, file, value.substr(at, end - at), place);
      at = end + 1;
    }
  }
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

}  // namespace

void add_cgroups(const Input& input, Host& host) {
  add_leaves(input, host);
  Limits limits(input, host);
  limits.add_memory();
  limits.add_cpu();
  limits.add_pids();
  limits.add_devices();
  limits.add_unified();
}

}  // namespace crumb::plan
