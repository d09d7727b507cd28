// Lines of `crumb events` and the JSON of `crumb features`, as callers parse them.
#include <gmock/gmock.h>

#include "cli/features.h"
#include "cli/stats_json.h"
#include "config_case.h"

namespace crumb::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(StatsEvent, OfNothingHasTheMembersThatAreNeverLeftOut) {
  EXPECT_EQ(
      stats_event("web", {}),
      R"({"type":"stats","id":"web","data":{"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},)"
      R"("cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,)"
      R"("memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},)"
      R"("memory":{"usage":{"limit":0,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},)"
      R"("kernelTCP":{"limit":0,"failcnt":0}},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}})"
      "\n");
}

container::Stats with(linux::CgroupStats stats) { return {std::move(stats), std::nullopt}; }

container::Stats busy() {
  linux::CgroupStats stats;
  stats.cpu.total = 1, stats.cpu.kernel = 2, stats.cpu.user = 3, stats.cpu.per_cpu = {4, 5};
  stats.cpu.periods = 6, stats.cpu.throttled_periods = 7, stats.cpu.throttled_time = 8;
  stats.cpuset.cpus = {0, 1};
  stats.memory.cache = 9;
  stats.memory.usage = {linux::kNoLimit, 10, 11, 12};
  stats.memory.raw = {{"rss", 13}, {"anon", 14}};
  stats.pids = 15, stats.pids_limit = 16;
  stats.blkio.entries["io_service_bytes"] = {{8, 0, "Read", 17}};
  stats.hugetlb["2MB"] = {18, 19, 20};
  return with(stats);
}

TEST(StatsEvent, NamesThingsAsRuncDoes) {
  const std::string line = stats_event("web", busy());
  for (
      const char* part :
      {R"("cpu":{"usage":{"total":1,"percpu":[4,5],"kernel":2,"user":3},"throttling":{"periods":6,"throttledPeriods":7,"throttledTime":8}})",
       R"("cpuset":{"cpus":[0,1],)",
       R"("memory":{"cache":9,"usage":{"limit":18446744073709551615,"usage":10,"max":11,"failcnt":12},)",
       R"("raw":{"anon":14,"rss":13})", R"("pids":{"current":15,"limit":16})",
       R"("blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":17}]})",
       R"("hugetlb":{"2MB":{"usage":18,"max":19,"failcnt":20}})"})
    EXPECT_THAT(line, HasSubstr(part));
  EXPECT_THAT(line, Not(HasSubstr("psi")));
}

TEST(StatsEvent, HasThePressureWhereTheKernelTellsIt) {
  linux::CgroupStats stats;
  stats.memory.pressure = linux::PressureStats{{0.5, 0.25, 0, 7}, {}};
  const json::value line = boost::json::parse(stats_event("web", with(stats)));
  const json::value& some = line.at("data").at("memory").at("psi").at("some");
  EXPECT_EQ(some.at("avg10").as_double(), 0.5);
  EXPECT_EQ(some.at("total").to_number<int>(), 7);
}

TEST(StatsEvent, SaysOfIntelRdtWhatRuncDoes) {
  linux::RdtStats rdt;
  rdt.l3 = linux::RdtCacheInfo{"fffff", 1, 16}, rdt.l3_root = "L3:0=fffff", rdt.l3_class = "L3:0=f";
  rdt.bandwidth = linux::RdtBandwidthInfo{10, 1, 10, 8}, rdt.bandwidth_root = "MB:0=100", rdt.bandwidth_class = "MB:0=20";
  rdt.schemata = {"MB:0=20", "L3:0=f"};
  rdt.traffic = {{1000, 999}, {0, 0}}, rdt.cache_occupied = {4096, 0};
  EXPECT_THAT(
      stats_event("web", {{}, rdt}),
      HasSubstr(
          R"("intel_rdt":{"l3_cache_info":{"cbm_mask":"fffff","min_cbm_bits":1,"num_closids":16},"l3_cache_schema_root":"L3:0=fffff",)"
          R"("l3_cache_schema":"L3:0=f","mem_bw_info":{"bandwidth_gran":10,"delay_linear":1,"min_bandwidth":10,"num_closids":8},)"
          R"("mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=20","schemata":["MB:0=20","L3:0=f"],)"
          R"("mbm_stats":[{"mbm_total_bytes":1000,"mbm_local_bytes":999},{"mbm_total_bytes":0,"mbm_local_bytes":0}],)"
          R"("cmt_stats":[{"llc_occupancy":4096},{"llc_occupancy":0}]})"));
}

TEST(StatsEvent, LeavesOutWhatTheMachinesIntelRdtLacks) {
  linux::RdtStats rdt;
  rdt.schemata = {"L2:0=f"};
  EXPECT_THAT(stats_event("web", {{}, rdt}), HasSubstr(R"("intel_rdt":{"schemata":["L2:0=f"]})"));
}

TEST(OomEvent, HasNoData) { EXPECT_EQ(oom_event("web"), "{\"type\":\"oom\",\"id\":\"web\"}\n"); }

// What is said of each word is true of the parser.
bool accepts(std::string_view pointer, std::string_view content) {
  return oci::message_of([&] { oci::parse_with(pointer, content); }).find("not supported") == std::string::npos;
}

std::vector<std::string> words(const json::value& list) { return boost::json::value_to<std::vector<std::string>>(list); }

TEST(Features, NameTheNamespacesThatTheParserTakes) {
  const json::value features = boost::json::parse(features_json(true));
  for (const char* name : {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"})
    EXPECT_EQ(std::ranges::count(words(features.at("linux").at("namespaces")), name) == 1,
              accepts("/linux/namespaces", fmt::format(R"([{{"type": "{}"}}])", name)))
        << name;
}

TEST(Features, ThatAreEnabledAreThoseThatTheParserTakes) {
  const json::value features = boost::json::parse(features_json(true));
  const json::value& all = features.at("linux");
  EXPECT_EQ(all.at("seccomp").at("enabled").as_bool(), accepts("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW"})"));
  EXPECT_EQ(all.at("apparmor").at("enabled").as_bool(), accepts("/process/apparmorProfile", "\"x\""));
  EXPECT_EQ(all.at("selinux").at("enabled").as_bool(), accepts("/linux/mountLabel", "\"x\""));
  EXPECT_EQ(all.at("intelRdt").at("enabled").as_bool(), accepts("/linux/intelRdt", R"({"closID": "x"})"));
  EXPECT_EQ(all.at("netDevices").at("enabled").as_bool(), accepts("/linux/netDevices", R"({"eth0": {}})"));
  EXPECT_THAT(words(features.at("hooks")),
              testing::ElementsAre("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"));
}

TEST(Features, HaveEveryMemberThatTheSpecificationKnows) {
  const json::value features = boost::json::parse(features_json(true));
  EXPECT_EQ(features.at("ociVersionMin"), "1.0.0");
  EXPECT_EQ(features.at("ociVersionMax"), "1.3.0");
  EXPECT_THAT(words(features.at("mountOptions")), testing::IsSupersetOf({"bind", "ro", "rro", "nosuid", "rshared"}));
  EXPECT_THAT(words(features.at("linux").at("capabilities")), testing::Contains("CAP_SYS_ADMIN"));
  EXPECT_THAT(words(features.at("potentiallyUnsafeConfigAnnotations")), testing::Contains("run.oci."));
  for (const char* member : {"v1", "v2", "systemd", "systemdUser", "rdma"})
    EXPECT_TRUE(features.at("linux").at("cgroup").at(member).is_bool()) << member;
  EXPECT_TRUE(features.at("linux").at("mountExtensions").at("idmap").at("enabled").is_bool());
}

}  // namespace
}  // namespace crumb::cli
