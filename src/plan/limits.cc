// linux.resources -> files of the container's leaves. v1: kernel documentation cgroup-v1/*; v2: cgroup-v2.rst.
#include "plan/conversions.h"
#include "plan/parts.h"

namespace crumb::plan {
namespace {

constexpr std::int64_t kUnlimited = -1;
constexpr std::uint64_t kDefaultPeriod = 100000;  // microseconds, the kernel's own

std::string v2_amount(std::int64_t amount) { return amount < 0 ? "max" : fmt::to_string(amount); }

std::string device_number(const auto& device) { return fmt::format("{}:{}", device.major, device.minor); }

class Limits {
 public:
  Limits(const LimitsInput& input, Host& host) : input_(input), host_(host), resources_(input.resources), v2_(input.v2) {}

  void add_memory();
  void add_cpu();
  void add_block_io();
  void add_pids();
  void add_hugepages();
  void add_network();
  void add_rdma();
  void add_unified();

 private:
  std::string place_of(std::string_view member) const { return fmt::format("{}{}", input_.prefix, member); }
  Error error(std::string_view member, std::string_view reason) const {
    return fail("{}: {}: {}", host_.document, place_of(member), reason);
  }

  void check_swap() const;
  void add_memory_v1();
  void add_memory_v2();
  void add_idle();
  void add_shares();
  void add_bandwidth_v1();
  void add_bandwidth_v2();
  void add_realtime();
  void add_weights();
  void add_weight_device(const oci::WeightDevice& device, const std::string& place);
  void add_throttles(const std::vector<oci::ThrottleDevice>& throttles, std::string_view member, std::string_view v1_file,
                     std::string_view v2_key);

  // For what v2 does not have.
  void require_v1(std::string_view member) const {
    if (v2_) throw error(member, "cgroup v2 has no such setting");
  }

  // `place` is without the prefix. The reference is good until the next call.
  CgroupWrite& write(std::string_view controller, std::string_view file, std::string value, std::string_view place);

  const LimitsInput& input_;
  Host& host_;
  const oci::Resources& resources_;
  const bool v2_;
};

CgroupWrite& Limits::write(std::string_view controller, std::string_view file, std::string value, std::string_view place) {
  if (input_.disabled) throw error(place, "cannot be enforced with --cgroup-manager=disabled");
  const std::optional<std::size_t> leaf = leaf_with(host_, controller, v2_);
  if (!leaf && input_.restricted)
    throw error(place, fmt::format("crumb may not make a cgroup with the controller \"{}\" here", controller));
  if (!leaf) throw error(place, fmt::format("this machine has no cgroup controller \"{}\"", controller));
  host_.cgroup_leaves[*leaf].required = true;
  return host_.cgroup_writes.emplace_back(
      CgroupWrite{.leaf = *leaf, .file = std::string(file), .value = std::move(value), .place = place_of(place)});
}

// Both versions need a limit below the sum of memory and swap; what v2 is told is the difference.
void Limits::check_swap() const {
  const std::optional<std::int64_t>&limit = resources_.memory.limit, &swap = resources_.memory.swap;
  if (!swap || *swap == kUnlimited) return;
  if (!limit || *limit == kUnlimited) throw error("memory.swap", "needs a limit in memory.limit");
  if (*swap < *limit)
    throw error("memory.swap", fmt::format("{} is memory and swap together, and below memory.limit, {}", *swap, *limit));
}

void Limits::add_memory() {
  check_swap();
  if (v2_)
    add_memory_v2();
  else
    add_memory_v1();
}

// The kernel keeps the limit of memory at or below that of memory and swap: which of the two goes first depends on what was
// there.
void Limits::add_memory_v1() {
  const oci::Memory& memory = resources_.memory;
  if (memory.limit)
    write("memory", "memory.limit_in_bytes", fmt::to_string(*memory.limit), "memory.limit").order_matters =
        memory.swap.has_value();
  if (memory.swap) {
    CgroupWrite& swap = write("memory", "memory.memsw.limit_in_bytes", fmt::to_string(*memory.swap), "memory.swap");
    swap.order_matters = true;
    swap.optional = *memory.swap == kUnlimited;
  }
  if (memory.reservation)
    write("memory", "memory.soft_limit_in_bytes", fmt::to_string(*memory.reservation), "memory.reservation");
  if (memory.kernel_tcp)
    write("memory", "memory.kmem.tcp.limit_in_bytes", fmt::to_string(*memory.kernel_tcp), "memory.kernelTCP");
  if (memory.swappiness) write("memory", "memory.swappiness", fmt::to_string(*memory.swappiness), "memory.swappiness");
  if (memory.disable_oom_killer.value_or(false)) write("memory", "memory.oom_control", "1", "memory.disableOOMKiller");
}

void Limits::add_memory_v2() {
  const oci::Memory& memory = resources_.memory;
  if (memory.swappiness) require_v1("memory.swappiness");
  if (memory.disable_oom_killer.value_or(false)) require_v1("memory.disableOOMKiller");
  if (memory.limit) write("memory", "memory.max", v2_amount(*memory.limit), "memory.limit");
  if (memory.swap) {
    const std::int64_t swap = *memory.swap == kUnlimited ? kUnlimited : *memory.swap - memory.limit.value_or(0);
    // A kernel that does not account for swap gives none that could be limited.
    write("memory", "memory.swap.max", v2_amount(swap), "memory.swap").optional = swap <= 0;
  }
  if (memory.reservation) write("memory", "memory.low", v2_amount(*memory.reservation), "memory.reservation");
}

void Limits::add_idle() {
  if (resources_.cpu.idle) write("cpu", "cpu.idle", fmt::to_string(*resources_.cpu.idle), "cpu.idle");
}

void Limits::add_shares() {
  if (!resources_.cpu.shares) return;
  const std::uint64_t value = v2_ ? weight_of_shares(*resources_.cpu.shares) : *resources_.cpu.shares;
  write("cpu", v2_ ? "cpu.weight" : "cpu.shares", fmt::to_string(value), "cpu.shares");
}

// A period or a burst that does not fit the old quota may fit the new one.
void Limits::add_bandwidth_v1() {
  const oci::Cpu& cpu = resources_.cpu;
  if (cpu.period) write("cpu", "cpu.cfs_period_us", fmt::to_string(*cpu.period), "cpu.period").order_matters = true;
  if (cpu.burst) {
    CgroupWrite& burst = write("cpu", "cpu.cfs_burst_us", fmt::to_string(*cpu.burst), "cpu.burst");
    burst.order_matters = true;
    burst.optional = true;  // before Linux 5.14; it would only have given more
  }
  if (cpu.quota) write("cpu", "cpu.cfs_quota_us", fmt::to_string(*cpu.quota), "cpu.quota").order_matters = true;
}

void Limits::add_bandwidth_v2() {
  const oci::Cpu& cpu = resources_.cpu;
  if (cpu.burst) write("cpu", "cpu.max.burst", fmt::to_string(*cpu.burst), "cpu.burst").order_matters = true;
  if (!cpu.quota && !cpu.period) return;
  const std::string value =
      fmt::format("{} {}", v2_amount(cpu.quota.value_or(kUnlimited)), cpu.period.value_or(kDefaultPeriod));
  write("cpu", "cpu.max", value, cpu.quota ? "cpu.quota" : "cpu.period").order_matters = true;
}

void Limits::add_realtime() {
  const oci::Cpu& cpu = resources_.cpu;
  if (cpu.realtime_period) {
    require_v1("cpu.realtimePeriod");
    write("cpu", "cpu.rt_period_us", fmt::to_string(*cpu.realtime_period), "cpu.realtimePeriod").order_matters = true;
  }
  if (cpu.realtime_runtime) {
    require_v1("cpu.realtimeRuntime");
    write("cpu", "cpu.rt_runtime_us", fmt::to_string(*cpu.realtime_runtime), "cpu.realtimeRuntime").order_matters = true;
  }
}

// An idle cgroup takes no weight: it is given before that, or after it has ended.
void Limits::add_cpu() {
  const oci::Cpu& cpu = resources_.cpu;
  const bool becomes_idle = cpu.idle.value_or(0) != 0;
  if (!becomes_idle) add_idle();
  add_shares();
  if (becomes_idle) add_idle();
  if (v2_)
    add_bandwidth_v2();
  else
    add_bandwidth_v1();
  add_realtime();
  if (!cpu.cpus.empty()) write("cpuset", "cpuset.cpus", cpu.cpus, "cpu.cpus");
  if (!cpu.mems.empty()) write("cpuset", "cpuset.mems", cpu.mems, "cpu.mems");
}

// Weights belong to the scheduler BFQ where the kernel has it, on v2 else to the cost model.
void Limits::add_weights() {
  const oci::BlockIo& io = resources_.block_io;
  if (io.weight) {
    const std::string weight = fmt::to_string(*io.weight);
    CgroupWrite& entry =
        v2_ ? write("io", "io.bfq.weight", weight, "blockIO.weight") : write("blkio", "blkio.weight", weight, "blockIO.weight");
    entry.other_file = v2_ ? "io.weight" : "blkio.bfq.weight";
    entry.other_value = v2_ ? fmt::to_string(io_weight(*io.weight)) : weight;
  }
  if (io.leaf_weight) {
    require_v1("blockIO.leafWeight");
    write("blkio", "blkio.leaf_weight", fmt::to_string(*io.leaf_weight), "blockIO.leafWeight");
  }
  for (std::size_t i = 0; i < io.weight_devices.size(); ++i)
    add_weight_device(io.weight_devices[i], fmt::format("blockIO.weightDevice[{}]", i));
}

void Limits::add_weight_device(const oci::WeightDevice& device, const std::string& place) {
  const std::string number = device_number(device);
  if (device.weight) {
    const std::string value = fmt::format("{} {}", number, *device.weight);
    CgroupWrite& entry = v2_ ? write("io", "io.bfq.weight", value, place) : write("blkio", "blkio.weight_device", value, place);
    entry.other_file = v2_ ? "io.weight" : "blkio.bfq.weight_device";
    entry.other_value = v2_ ? fmt::format("{} {}", number, io_weight(*device.weight)) : value;
  }
  if (device.leaf_weight) {
    require_v1(place + ".leafWeight");
    write("blkio", "blkio.leaf_weight_device", fmt::format("{} {}", number, *device.leaf_weight), place);
  }
}

void Limits::add_throttles(const std::vector<oci::ThrottleDevice>& throttles, std::string_view member, std::string_view v1_file,
                           std::string_view v2_key) {
  for (std::size_t i = 0; i < throttles.size(); ++i) {
    const oci::ThrottleDevice& throttle = throttles[i];
    const std::string place = fmt::format("blockIO.{}[{}]", member, i), number = device_number(throttle);
    const std::string rate = v2_ && throttle.rate == 0 ? "max" : fmt::to_string(throttle.rate);
    if (v2_)
      write("io", "io.max", fmt::format("{} {}={}", number, v2_key, rate), place);
    else
      write("blkio", fmt::format("blkio.throttle.{}_device", v1_file), fmt::format("{} {}", number, rate), place);
  }
}

void Limits::add_block_io() {
  const oci::BlockIo& io = resources_.block_io;
  add_weights();
  add_throttles(io.read_bytes, "throttleReadBpsDevice", "read_bps", "rbps");
  add_throttles(io.write_bytes, "throttleWriteBpsDevice", "write_bps", "wbps");
  add_throttles(io.read_operations, "throttleReadIOPSDevice", "read_iops", "riops");
  add_throttles(io.write_operations, "throttleWriteIOPSDevice", "write_iops", "wiops");
}

void Limits::add_pids() {
  if (!resources_.pids_limit) return;
  const std::int64_t limit = *resources_.pids_limit;
  write("pids", "pids.max", limit > 0 ? fmt::to_string(limit) : "max", "pids.limit");
}

// Reserved pages count too, where the kernel (5.7) can limit them.
void Limits::add_hugepages() {
  for (std::size_t i = 0; i < resources_.hugepage_limits.size(); ++i) {
    const oci::HugepageLimit& page = resources_.hugepage_limits[i];
    const std::string place = fmt::format("hugepageLimits[{}]", i), limit = fmt::to_string(page.limit);
    const std::string_view suffix = v2_ ? "max" : "limit_in_bytes";
    write("hugetlb", fmt::format("hugetlb.{}.{}", page.page_size, suffix), limit, place);
    write("hugetlb", fmt::format("hugetlb.{}.rsvd.{}", page.page_size, suffix), limit, place).optional = true;
  }
}

void Limits::add_network() {
  const oci::Network& network = resources_.network;
  if (network.class_id) {
    require_v1("network.classID");
    write("net_cls", "net_cls.classid", fmt::to_string(*network.class_id), "network.classID");
  }
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const oci::InterfacePriority& interface = network.priorities[i];
    const std::string place = fmt::format("network.priorities[{}]", i);
    require_v1(place);
    write("net_prio", "net_prio.ifpriomap", fmt::format("{} {}", interface.name, interface.priority), place);
  }
}

void Limits::add_rdma() {
  for (const auto& [device, limit] : resources_.rdma) {
    std::string line = device;
    if (limit.handles) line += fmt::format(" hca_handle={}", *limit.handles);
    if (limit.objects) line += fmt::format(" hca_object={}", *limit.objects);
    write("rdma", "rdma.max", line, fmt::format("rdma[\"{}\"]", device));
  }
}

// Verbatim and last, so that they win; a file with several entries takes one line a write.
void Limits::add_unified() {
  for (const auto& [file, value] : resources_.unified) {
    const std::string place = fmt::format("unified[\"{}\"]", file);
    if (!v2_ && !input_.disabled) throw error(place, "needs cgroup v2");
    const std::string controller = file.substr(0, file.find('.'));
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      if (end > at) write(controller, file, value.substr(at, end - at), place);
      at = end + 1;
    }
  }
}

}  // namespace

void add_limits(const LimitsInput& input, Host& host) {
  Limits limits(input, host);
  limits.add_memory();
  limits.add_cpu();
  limits.add_block_io();
  limits.add_pids();
  limits.add_hugepages();
  limits.add_network();
  limits.add_rdma();
  limits.add_unified();
}

}  // namespace crumb::plan
