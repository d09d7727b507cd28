// What the container's cgroups count, in the units and under the names of v1, into which v2's are converted as runc does it:
// the numbers of `events`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace crumb::linux {

// One line of a pressure file, percent and microseconds.
struct Pressure {
  double average10 = 0, average60 = 0, average300 = 0;
  std::uint64_t total = 0;
};

struct PressureStats {
  Pressure some, full;
};

// Nanoseconds.
struct CpuStats {
  std::uint64_t total = 0, kernel = 0, user = 0;
  std::vector<std::uint64_t> per_cpu, per_cpu_kernel, per_cpu_user;  // v1 only
  std::uint64_t periods = 0, throttled_periods = 0, throttled_time = 0;
  std::optional<PressureStats> pressure;
};

// v1 only.
struct CpusetStats {
  std::vector<std::uint64_t> cpus, mems;
  std::uint64_t cpu_exclusive = 0, mem_hardwall = 0, mem_exclusive = 0, memory_migrate = 0, memory_spread_page = 0,
                memory_spread_slab = 0, memory_pressure = 0, sched_load_balance = 0;
  std::int64_t sched_relax_domain_level = 0;
};

inline constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

// Bytes.
struct MemoryEntry {
  std::uint64_t limit = 0, usage = 0, max = 0, failures = 0;
};

struct MemoryStats {
  std::uint64_t cache = 0;
  MemoryEntry usage, swap /* with memory */, kernel, kernel_tcp;
  std::map<std::string, std::uint64_t> raw;  // memory.stat
  std::optional<PressureStats> pressure;
};

struct BlkioEntry {
  std::uint64_t major = 0, minor = 0;
  std::string operation;  // "Read"
  std::uint64_t value = 0;
};

// By the names of v1's files without "blkio." and "_recursive": "io_service_bytes".
struct BlkioStats {
  std::map<std::string, std::vector<BlkioEntry>> entries;
  std::optional<PressureStats> pressure;
};

struct HugetlbStats {
  std::uint64_t usage = 0, max = 0, failures = 0;
};

struct CgroupStats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  std::uint64_t pids = 0, pids_limit = 0;  // limit 0: none
  BlkioStats blkio;
  std::map<std::string, HugetlbStats> hugetlb;  // by the size of the pages, "2MB"
};

// Controllers that a leaf does not have count nothing. Throws support Error when a leaf cannot be read.
CgroupStats cgroup_stats(const std::vector<plan::CgroupLeaf>& leaves);

}  // namespace crumb::linux
