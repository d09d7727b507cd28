#include "linux/cgroup_stats.h"

#include <fcntl.h>

#include <algorithm>

#include "linux/cgroup_formats.h"
#include "linux/cgroup_tree.h"
#include "linux/directory.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

constexpr std::uint64_t kMicrosecond = 1000;  // ns
constexpr std::uint64_t kTick = 10'000'000;   // ns; what the kernel tells users, 100 a second on every machine
// A leaf's directory, whose files may be missing one by one: kernels differ.
class Reader {
 public:
  explicit Reader(const CgroupLeaf& leaf)
      : name_(cgroup_name(leaf)),
        directory_(
            check(kernel::openat(AT_FDCWD, cgroup_directory(leaf).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{}", name_)) {}

  int directory() const { return directory_.get(); }
  const std::string& name() const { return name_; }

  // Nothing where it is missing, or switched off (EOPNOTSUPP).
  std::optional<std::string> text(const std::string& file) const {
    const Fd opened(kernel::openat(directory_.get(), file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return std::nullopt;
    try {
      return read_all(opened.get(), file);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  std::uint64_t value(const std::string& file) const { return amount(text(file).value_or("")); }

  // "key value" lines.
  std::map<std::string, std::uint64_t> table(const std::string& file) const {
    std::map<std::string, std::uint64_t> found;
    const std::string content = text(file).value_or("");
    for (const std::string_view line : split(content, '\n'))
      if (const std::size_t blank = line.find(' '); blank != std::string_view::npos)
        found.emplace(line.substr(0, blank), number<std::uint64_t>(line.substr(blank + 1)));
    return found;
  }

  std::optional<PressureStats> pressure(const std::string& file) const {
    const std::optional<std::string> content = text(file);
    return content ? parse_pressure(*content) : std::nullopt;
  }

 private:
  std::string name_;
  Fd directory_;
};

std::uint64_t at(const std::map<std::string, std::uint64_t>& table, const char* key) {
  const auto found = table.find(key);
  return found == table.end() ? 0 : found->second;
}

// cpuacct.usage_all: "cpu user system", then a line for each.
void add_usage_by_mode(const Reader& leaf, CpuStats& cpu) {
  const std::string text = leaf.text("cpuacct.usage_all").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> columns = words(line);
    if (columns.size() < 3 || columns[0] == "cpu") continue;
    cpu.per_cpu_user.push_back(number<std::uint64_t>(columns[1]));
    cpu.per_cpu_kernel.push_back(number<std::uint64_t>(columns[2]));
  }
}

void add_cpuacct(const Reader& leaf, CpuStats& cpu) {
  cpu.total = leaf.value("cpuacct.usage");
  cpu.per_cpu = numbers(leaf.text("cpuacct.usage_percpu").value_or(""));
  add_usage_by_mode(leaf, cpu);
  const auto modes = leaf.table("cpuacct.stat");
  cpu.user = at(modes, "user") * kTick;
  cpu.kernel = at(modes, "system") * kTick;
}

void add_throttling_v1(const Reader& leaf, CpuStats& cpu) {
  const auto table = leaf.table("cpu.stat");
  cpu.periods = at(table, "nr_periods");
  cpu.throttled_periods = at(table, "nr_throttled");
  cpu.throttled_time = at(table, "throttled_time");
}

void add_cpu_v2(const Reader& leaf, CpuStats& cpu) {
  const auto table = leaf.table("cpu.stat");
  cpu.total = at(table, "usage_usec") * kMicrosecond;
  cpu.user = at(table, "user_usec") * kMicrosecond;
  cpu.kernel = at(table, "system_usec") * kMicrosecond;
  cpu.periods = at(table, "nr_periods");
  cpu.throttled_periods = at(table, "nr_throttled");
  cpu.throttled_time = at(table, "throttled_usec") * kMicrosecond;
  cpu.pressure = leaf.pressure("cpu.pressure");
}

void add_cpuset(const Reader& leaf, CpusetStats& cpuset) {
  cpuset.cpus = parse_list(leaf.text("cpuset.cpus").value_or(""));
  cpuset.mems = parse_list(leaf.text("cpuset.mems").value_or(""));
  cpuset.cpu_exclusive = leaf.value("cpuset.cpu_exclusive");
  cpuset.mem_hardwall = leaf.value("cpuset.mem_hardwall");
  cpuset.mem_exclusive = leaf.value("cpuset.mem_exclusive");
  cpuset.memory_migrate = leaf.value("cpuset.memory_migrate");
  cpuset.memory_spread_page = leaf.value("cpuset.memory_spread_page");
  cpuset.memory_spread_slab = leaf.value("cpuset.memory_spread_slab");
  cpuset.memory_pressure = leaf.value("cpuset.memory_pressure");
  cpuset.sched_load_balance = leaf.value("cpuset.sched_load_balance");
  cpuset.sched_relax_domain_level = number<std::int64_t>(leaf.text("cpuset.sched_relax_domain_level").value_or(""));
}

MemoryEntry memory_entry_v1(const Reader& leaf, const std::string& what) {
  return {leaf.value(what + ".limit_in_bytes"), leaf.value(what + ".usage_in_bytes"), leaf.value(what + ".max_usage_in_bytes"),
          leaf.value(what + ".failcnt")};
}

void add_memory_v1(const Reader& leaf, MemoryStats& memory) {
  memory.raw = leaf.table("memory.stat");
  memory.cache = at(memory.raw, "cache");
  memory.usage = memory_entry_v1(leaf, "memory");
  memory.swap = memory_entry_v1(leaf, "memory.memsw");
  memory.kernel = memory_entry_v1(leaf, "memory.kmem");
  memory.kernel_tcp = memory_entry_v1(leaf, "memory.kmem.tcp");
}

// v2 counts swap without memory; what was used most of both together nobody knows.
void add_memory_v2(const Reader& leaf, MemoryStats& memory) {
  memory.raw = leaf.table("memory.stat");
  memory.cache = at(memory.raw, "file");
  memory.usage = {leaf.value("memory.max"), leaf.value("memory.current"), leaf.value("memory.peak"), 0};
  memory.swap = {leaf.value("memory.swap.max"), leaf.value("memory.swap.current"), 0, 0};
  memory.swap.usage += memory.usage.usage;
  if (memory.swap.limit != kNoLimit && memory.usage.limit != kNoLimit) memory.swap.limit += memory.usage.limit;
  memory.pressure = leaf.pressure("memory.pressure");
}

void add_pids(const Reader& leaf, CgroupStats& stats) {
  stats.pids = leaf.value("pids.current");
  const std::uint64_t limit = leaf.value("pids.max");
  stats.pids_limit = limit == kNoLimit ? 0 : limit;
}

// What BFQ counts counts more than what is counted where requests are throttled.
void add_blkio_v1(const Reader& leaf, BlkioStats& blkio) {
  constexpr const char* kNames[] = {"io_service_bytes", "io_serviced", "io_queued", "io_service_time",
                                    "io_wait_time",     "io_merged",   "time",      "sectors"};
  for (const char* name : kNames)
    for (const char* origin : {"blkio.bfq.{}_recursive", "blkio.{}_recursive", "blkio.throttle.{}_recursive"}) {
      const std::optional<std::string> text = leaf.text(fmt::format(fmt::runtime(origin), name));
      if (!text || !blkio.entries[name].empty()) continue;
      blkio.entries[name] = parse_blkio(*text);
    }
}

void add_io_v2(const Reader& leaf, BlkioStats& blkio) {
  blkio.entries = parse_io(leaf.text("io.stat").value_or(""));
  blkio.pressure = leaf.pressure("io.pressure");
}

// The sizes are those of the files that are there: "hugetlb.2MB.limit_in_bytes". Reserved pages count where the kernel knows
// them.
void add_hugetlb(const Reader& leaf, bool v2, std::map<std::string, HugetlbStats>& hugetlb) {
  constexpr std::string_view kPrefix = "hugetlb.";
  const std::string suffix = v2 ? ".max" : ".limit_in_bytes";
  const Fd again(check(kernel::openat(leaf.directory(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{}", leaf.name()));
  for (const Entry& file : entries(again.get(), leaf.name())) {
    if (!file.name.starts_with(kPrefix) || !file.name.ends_with(suffix) || file.name.find(".rsvd.") != std::string::npos)
      continue;
    const std::string pages = file.name.substr(0, file.name.size() - suffix.size());
    const std::string counted = leaf.text(pages + ".rsvd" + suffix) ? pages + ".rsvd" : pages;
    HugetlbStats& stats = hugetlb[pages.substr(kPrefix.size())];
    stats.usage = leaf.value(counted + (v2 ? ".current" : ".usage_in_bytes"));
    stats.max = v2 ? 0 : leaf.value(counted + ".max_usage_in_bytes");
    stats.failures = v2 ? at(leaf.table(pages + ".events"), "max") : leaf.value(counted + ".failcnt");
  }
}

void add_v1(const CgroupLeaf& leaf, CgroupStats& stats) {
  const Reader reader(leaf);
  for (const std::string& controller : leaf.controllers) {
    if (controller == "cpu") add_throttling_v1(reader, stats.cpu);
    if (controller == "cpuacct") add_cpuacct(reader, stats.cpu);
    if (controller == "cpuset") add_cpuset(reader, stats.cpuset);
    if (controller == "memory") add_memory_v1(reader, stats.memory);
    if (controller == "pids") add_pids(reader, stats);
    if (controller == "blkio") add_blkio_v1(reader, stats.blkio);
    if (controller == "hugetlb") add_hugetlb(reader, false, stats.hugetlb);
  }
}

void add_v2(const CgroupLeaf& leaf, CgroupStats& stats) {
  const Reader reader(leaf);
  add_cpu_v2(reader, stats.cpu);
  add_memory_v2(reader, stats.memory);
  add_pids(reader, stats);
  add_io_v2(reader, stats.blkio);
  add_hugetlb(reader, true, stats.hugetlb);
}

}  // namespace

CgroupStats cgroup_stats(const std::vector<CgroupLeaf>& leaves) {
  CgroupStats stats;
  const bool v2 = std::ranges::all_of(leaves, &CgroupLeaf::unified);
  for (const CgroupLeaf& leaf : leaves) {
    if (v2)
      add_v2(leaf, stats);
    else if (!leaf.unified)
      add_v1(leaf, stats);
  }
  return stats;
}

}  // namespace crumb::linux
