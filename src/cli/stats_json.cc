#include "cli/stats_json.h"

#include "support/json.h"

namespace crumb::cli {
namespace {

// Go leaves these out when they are 0, "" or empty.
void add_unless_empty(json::object& object, const char* key, std::uint64_t value) {
  if (value != 0) object[key] = value;
}

void add_unless_empty(json::object& object, const char* key, const std::vector<std::uint64_t>& values) {
  if (!values.empty()) object[key] = json::array(values.begin(), values.end());
}

void add_unless_empty(json::object& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

void add_unless_empty(json::object& object, const char* key, json::object value) {
  if (!value.empty()) object[key] = std::move(value);
}

json::object to_json(const linux::Pressure& pressure) {
  return {
      {"avg10", pressure.average10}, {"avg60", pressure.average60}, {"avg300", pressure.average300}, {"total", pressure.total}};
}

void add_pressure(json::object& object, const std::optional<linux::PressureStats>& pressure) {
  if (!pressure) return;
  json::object both;
  both["some"] = to_json(pressure->some);
  both["full"] = to_json(pressure->full);
  object["psi"] = std::move(both);
}

json::object to_json(const linux::CpuStats& cpu) {
  json::object usage;
  add_unless_empty(usage, "total", cpu.total);
  add_unless_empty(usage, "percpu", cpu.per_cpu);
  add_unless_empty(usage, "percpu_kernel", cpu.per_cpu_kernel);
  add_unless_empty(usage, "percpu_user", cpu.per_cpu_user);
  usage["kernel"] = cpu.kernel;
  usage["user"] = cpu.user;
  json::object throttling;
  add_unless_empty(throttling, "periods", cpu.periods);
  add_unless_empty(throttling, "throttledPeriods", cpu.throttled_periods);
  add_unless_empty(throttling, "throttledTime", cpu.throttled_time);
  json::object result;
  result["usage"] = std::move(usage);
  result["throttling"] = std::move(throttling);
  add_pressure(result, cpu.pressure);
  return result;
}

json::object to_json(const linux::CpusetStats& cpuset) {
  json::object result;
  add_unless_empty(result, "cpus", cpuset.cpus);
  result["cpu_exclusive"] = cpuset.cpu_exclusive;
  add_unless_empty(result, "mems", cpuset.mems);
  result["mem_hardwall"] = cpuset.mem_hardwall;
  result["mem_exclusive"] = cpuset.mem_exclusive;
  result["memory_migrate"] = cpuset.memory_migrate;
  result["memory_spread_page"] = cpuset.memory_spread_page;
  result["memory_spread_slab"] = cpuset.memory_spread_slab;
  result["memory_pressure"] = cpuset.memory_pressure;
  result["sched_load_balance"] = cpuset.sched_load_balance;
  result["sched_relax_domain_level"] = cpuset.sched_relax_domain_level;
  return result;
}

json::object to_json(const linux::MemoryEntry& entry) {
  json::object result;
  result["limit"] = entry.limit;
  add_unless_empty(result, "usage", entry.usage);
  add_unless_empty(result, "max", entry.max);
  result["failcnt"] = entry.failures;
  return result;
}

json::object to_json(const linux::MemoryStats& memory) {
  json::object result;
  add_unless_empty(result, "cache", memory.cache);
  result["usage"] = to_json(memory.usage);
  result["swap"] = to_json(memory.swap);
  result["kernel"] = to_json(memory.kernel);
  result["kernelTCP"] = to_json(memory.kernel_tcp);
  json::object raw;
  for (const auto& [key, value] : memory.raw) raw[key] = value;
  add_unless_empty(result, "raw", std::move(raw));
  add_pressure(result, memory.pressure);
  return result;
}

json::array to_json(const std::vector<linux::BlkioEntry>& entries) {
  json::array result;
  for (const linux::BlkioEntry& entry : entries) {
    json::object one;
    add_unless_empty(one, "major", entry.major);
    add_unless_empty(one, "minor", entry.minor);
    if (!entry.operation.empty()) one["op"] = entry.operation;
    add_unless_empty(one, "value", entry.value);
    result.push_back(std::move(one));
  }
  return result;
}

json::object to_json(const linux::BlkioStats& blkio) {
  struct Table {
    const char *file, *member;
  };
  constexpr Table kTables[] = {{"io_service_bytes", "ioServiceBytesRecursive"},
                               {"io_serviced", "ioServicedRecursive"},
                               {"io_queued", "ioQueueRecursive"},
                               {"io_service_time", "ioServiceTimeRecursive"},
                               {"io_wait_time", "ioWaitTimeRecursive"},
                               {"io_merged", "ioMergedRecursive"},
                               {"time", "ioTimeRecursive"},
                               {"sectors", "sectorsRecursive"}};
  json::object result;
  for (const Table& table : kTables)
    if (const auto found = blkio.entries.find(table.file); found != blkio.entries.end() && !found->second.empty())
      result[table.member] = to_json(found->second);
  add_pressure(result, blkio.pressure);
  return result;
}

json::object to_json(const std::map<std::string, linux::HugetlbStats>& hugetlb) {
  json::object result;
  for (const auto& [size, stats] : hugetlb) {
    json::object one;
    add_unless_empty(one, "usage", stats.usage);
    add_unless_empty(one, "max", stats.max);
    one["failcnt"] = stats.failures;
    result[size] = std::move(one);
  }
  return result;
}

json::object to_json(const linux::RdtCacheInfo& info) {
  json::object result{{"cbm_mask", info.cbm_mask}};
  add_unless_empty(result, "min_cbm_bits", info.min_cbm_bits);
  add_unless_empty(result, "num_closids", info.num_closids);
  return result;
}

json::object to_json(const linux::RdtBandwidthInfo& info) {
  json::object result;
  add_unless_empty(result, "bandwidth_gran", info.bandwidth_gran);
  add_unless_empty(result, "delay_linear", info.delay_linear);
  add_unless_empty(result, "min_bandwidth", info.min_bandwidth);
  add_unless_empty(result, "num_closids", info.num_closids);
  return result;
}

json::array to_json(const std::vector<linux::RdtTraffic>& domains) {
  json::array result;
  for (const linux::RdtTraffic& domain : domains)
    result.push_back(json::object{{"mbm_total_bytes", domain.total}, {"mbm_local_bytes", domain.local}});
  return result;
}

json::array occupied_to_json(const std::vector<std::uint64_t>& domains) {
  json::array result;
  for (const std::uint64_t bytes : domains) result.push_back(json::object{{"llc_occupancy", bytes}});
  return result;
}

json::object to_json(const linux::RdtStats& rdt) {
  json::object result;
  if (rdt.l3) result["l3_cache_info"] = to_json(*rdt.l3);
  add_unless_empty(result, "l3_cache_schema_root", rdt.l3_root);
  add_unless_empty(result, "l3_cache_schema", rdt.l3_class);
  if (rdt.bandwidth) result["mem_bw_info"] = to_json(*rdt.bandwidth);
  add_unless_empty(result, "mem_bw_schema_root", rdt.bandwidth_root);
  add_unless_empty(result, "mem_bw_schema", rdt.bandwidth_class);
  result["schemata"] = json::array(rdt.schemata.begin(), rdt.schemata.end());
  if (rdt.traffic) result["mbm_stats"] = to_json(*rdt.traffic);
  if (rdt.cache_occupied) result["cmt_stats"] = occupied_to_json(*rdt.cache_occupied);
  return result;
}

json::object to_json(const container::Stats& all) {
  const linux::CgroupStats& stats = all.cgroups;
  json::object pids;
  add_unless_empty(pids, "current", stats.pids);
  add_unless_empty(pids, "limit", stats.pids_limit);
  json::object data;
  data["cpu"] = to_json(stats.cpu);
  data["cpuset"] = to_json(stats.cpuset);
  data["memory"] = to_json(stats.memory);
  data["pids"] = std::move(pids);
  data["blkio"] = to_json(stats.blkio);
  data["hugetlb"] = to_json(stats.hugetlb);
  data["intel_rdt"] = all.rdt ? to_json(*all.rdt) : json::object();
  data["network_interfaces"] = nullptr;  // a runtime of today makes none
  return data;
}

json::object event(const char* type, const std::string& id) { return {{"type", type}, {"id", id}}; }

}  // namespace

std::string stats_event(const std::string& id, const container::Stats& stats) {
  json::object line = event("stats", id);
  line["data"] = to_json(stats);
  return json::serialize(line) + "\n";
}

std::string oom_event(const std::string& id) { return json::serialize(event("oom", id)) + "\n"; }

}  // namespace crumb::cli
