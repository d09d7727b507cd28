// linux.resources as writes into cgroup files: names, numbers and order on v1 and v2, for create and update.
#include <gmock/gmock.h>

#include "config_case.h"
#include "plan/compile.h"
#include "plan/conversions.h"

namespace crumb::plan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<CgroupLeaf> kV1 = {
    {"/cg/memory", "/web", {"memory"}},   {"/cg/cpu", "/web", {"cpu", "cpuacct"}},      {"/cg/blkio", "/web", {"blkio"}},
    {"/cg/hugetlb", "/web", {"hugetlb"}}, {"/cg/net", "/web", {"net_cls", "net_prio"}}, {"/cg/rdma", "/web", {"rdma"}}};
const std::vector<CgroupLeaf> kV2 = {{"/cg", "/web", {"memory", "cpu", "io", "hugetlb", "rdma", "pids"}, true}};

std::string shown(const CgroupWrite& write) {
  std::string text = fmt::format("{}={}", write.file, write.value);
  if (!write.other_file.empty()) text += fmt::format(" or {}={}", write.other_file, write.other_value);
  return text;
}

// The writes of an update to `update` of a container that has `old`.
std::vector<std::string> writes(const std::vector<CgroupLeaf>& leaves, std::string_view update, std::string_view old = "{}") {
  const std::string config = oci::with_resources(oci::config_with("/linux/resources", old), update);
  const Host host =
      compile_update(oci::parse_resources(update, "update"), oci::parse_config(config).linux_.resources, leaves, "update");
  std::vector<std::string> all;
  for (const CgroupWrite& write : host.cgroup_writes) all.push_back(shown(write));
  return all;
}

std::string error_of(const std::vector<CgroupLeaf>& leaves, std::string_view update, std::string_view old = "{}") {
  return oci::message_of([&] { writes(leaves, update, old); });
}

// runc's table since 1.3.
TEST(Conversions, OfSharesMeetBothEndsAndTheDefault) {
  EXPECT_EQ(weight_of_shares(2), 1U);
  EXPECT_EQ(weight_of_shares(1024), 100U);
  EXPECT_EQ(weight_of_shares(262144), 10000U);
  EXPECT_EQ(weight_of_shares(512), 59U);
  EXPECT_EQ(weight_of_shares(3), 2U);
  std::uint64_t last = 0;
  for (std::uint64_t shares = 2; shares <= 262144; shares += 7) {
    EXPECT_GE(weight_of_shares(shares), last) << shares;
    last = weight_of_shares(shares);
  }
}

TEST(Conversions, OfBlockWeightsMeetBothEnds) {
  EXPECT_EQ(io_weight(10), 1U);
  EXPECT_EQ(io_weight(1000), 10000U);
  EXPECT_EQ(io_weight(500), 4950U);
}

TEST(Limits, OfMemoryAndSwap) {
  EXPECT_THAT(writes(kV1, R"({"memory": {"limit": 10, "swap": 30, "reservation": 5}})"),
              ElementsAre("memory.limit_in_bytes=10", "memory.memsw.limit_in_bytes=30", "memory.soft_limit_in_bytes=5"));
  EXPECT_THAT(writes(kV2, R"({"memory": {"limit": 10, "swap": 30, "reservation": 5}})"),
              ElementsAre("memory.max=10", "memory.swap.max=20", "memory.low=5"));
  EXPECT_THAT(writes(kV2, R"({"memory": {"limit": 10, "swap": 10}})"), ElementsAre("memory.max=10", "memory.swap.max=0"));
}

TEST(Limits, OfSwapAreWrittenWithTheMemoryThatIsStored) {
  EXPECT_THAT(writes(kV2, R"({"memory": {"swap": 50}})", R"({"memory": {"limit": 20}})"),
              ElementsAre("memory.max=20", "memory.swap.max=30"));
  EXPECT_THAT(writes(kV2, R"({"memory": {"limit": 40}})", R"({"memory": {"limit": 20, "swap": 50}})"),
              ElementsAre("memory.max=40", "memory.swap.max=10"));
  EXPECT_EQ(error_of(kV2, R"({"memory": {"limit": 60}})", R"({"memory": {"limit": 20, "swap": 50}})"),
            "update: memory.swap: 50 is memory and swap together, and below memory.limit, 60");
}

TEST(Limits, ThatEndAreWrittenToo) {
  EXPECT_THAT(writes(kV1, R"({"memory": {"limit": -1}})", R"({"memory": {"limit": 20, "swap": 50}})"),
              ElementsAre("memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"));
  EXPECT_THAT(writes(kV2, R"({"memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}})"),
              ElementsAre("memory.max=max", "memory.swap.max=max", "cpu.max=max 100000", "pids.max=max"));
}

TEST(Limits, OfCpuTime) {
  EXPECT_THAT(writes(kV1, R"({"cpu": {"quota": 5, "period": 9, "burst": 2, "realtimeRuntime": 3, "realtimePeriod": 4}})"),
              ElementsAre("cpu.cfs_period_us=9", "cpu.cfs_burst_us=2", "cpu.cfs_quota_us=5", "cpu.rt_period_us=4",
                          "cpu.rt_runtime_us=3"));
  EXPECT_THAT(writes(kV2, R"({"cpu": {"quota": 5, "period": 9, "burst": 2, "shares": 1024}})"),
              ElementsAre("cpu.weight=100", "cpu.max.burst=2", "cpu.max=5 9"));
}

TEST(Limits, OfCpuTimeKeepTheHalfThatIsStored) {
  EXPECT_THAT(writes(kV2, R"({"cpu": {"period": 50000}})", R"({"cpu": {"quota": 20000}})"), ElementsAre("cpu.max=20000 50000"));
  EXPECT_THAT(writes(kV2, R"({"cpu": {"quota": 30000}})", R"({"cpu": {"period": 50000}})"), ElementsAre("cpu.max=30000 50000"));
  EXPECT_THAT(writes(kV2, R"({"pids": {"limit": 7}})", R"({"cpu": {"period": 50000}})"), ElementsAre("pids.max=7"));
}

TEST(Limits, OfIdleCgroupsComeWhenTheWeightCanBeWritten) {
  EXPECT_THAT(writes(kV2, R"({"cpu": {"idle": 1, "shares": 2}})"), ElementsAre("cpu.weight=1", "cpu.idle=1"));
  EXPECT_THAT(writes(kV2, R"({"cpu": {"idle": 0, "shares": 2}})"), ElementsAre("cpu.idle=0", "cpu.weight=1"));
}

constexpr char kBlockIo[] = R"({"blockIO": {"weight": 500, "weightDevice": [{"major": 8, "minor": 1, "weight": 10}],
  "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}], "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
  "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}], "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 0}]}})";

TEST(Limits, OfBlockIo) {
  EXPECT_THAT(
      writes(kV1, kBlockIo),
      ElementsAre("blkio.weight=500 or blkio.bfq.weight=500", "blkio.weight_device=8:1 10 or blkio.bfq.weight_device=8:1 10",
                  "blkio.throttle.read_bps_device=8:0 1", "blkio.throttle.write_bps_device=8:0 2",
                  "blkio.throttle.read_iops_device=8:0 3", "blkio.throttle.write_iops_device=8:0 0"));
  EXPECT_THAT(writes(kV2, kBlockIo),
              ElementsAre("io.bfq.weight=500 or io.weight=4950", "io.bfq.weight=8:1 10 or io.weight=8:1 1", "io.max=8:0 rbps=1",
                          "io.max=8:0 wbps=2", "io.max=8:0 riops=3", "io.max=8:0 wiops=max"));
  EXPECT_THAT(writes(kV1, R"({"blockIO": {"leafWeight": 11, "weightDevice": [{"major": 8, "minor": 1, "leafWeight": 12}]}})"),
              ElementsAre("blkio.leaf_weight=11", "blkio.leaf_weight_device=8:1 12"));
}

TEST(Limits, OfHugePagesCountReservedOnesToo) {
  constexpr char kPages[] = R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4096}]})";
  EXPECT_THAT(writes(kV1, kPages), ElementsAre("hugetlb.2MB.limit_in_bytes=4096", "hugetlb.2MB.rsvd.limit_in_bytes=4096"));
  EXPECT_THAT(writes(kV2, kPages), ElementsAre("hugetlb.2MB.max=4096", "hugetlb.2MB.rsvd.max=4096"));
}

TEST(Limits, OfNetworkAndRdma) {
  EXPECT_THAT(writes(kV1, R"({"network": {"classID": 5, "priorities": [{"name": "eth0", "priority": 6}]},
                              "rdma": {"mlx5_0": {"hcaHandles": 2, "hcaObjects": 3}}})"),
              ElementsAre("net_cls.classid=5", "net_prio.ifpriomap=eth0 6", "rdma.max=mlx5_0 hca_handle=2 hca_object=3"));
  EXPECT_THAT(writes(kV2, R"({"rdma": {"mlx5_0": {"hcaObjects": 3}}})"), ElementsAre("rdma.max=mlx5_0 hca_object=3"));
}

TEST(Limits, WhoseControllerIsMissingAreNamedWithTheirPlace) {
  EXPECT_EQ(error_of({{"/cg", "/web", {"memory"}, true}}, R"({"blockIO": {"weight": 10}})"),
            "update: blockIO.weight: this machine has no cgroup controller \"io\"");
  EXPECT_EQ(error_of({}, R"({"pids": {"limit": 1}})"), "update: pids.limit: cannot be enforced with --cgroup-manager=disabled");
}

TEST(Update, OfNoLimitWritesNothing) { EXPECT_THAT(writes(kV1, "{}", R"({"memory": {"limit": 20}})"), IsEmpty()); }

TEST(Limits, OfTcpBuffersAreVersion1s) {
  constexpr char kBuffers[] = R"({"memory": {"kernelTCP": 4096}})";
  EXPECT_THAT(writes(kV1, kBuffers), ElementsAre("memory.kmem.tcp.limit_in_bytes=4096"));
  EXPECT_THAT(writes(kV2, kBuffers), IsEmpty());
}

std::vector<std::string> warnings_of(std::string_view member, CgroupMode mode) {
  Surroundings surroundings;
  surroundings.rootfs = surroundings.bundle = "/bundle";
  surroundings.cgroups.mode = mode;
  const bool v2 = mode == CgroupMode::v2;
  surroundings.cgroups.hierarchies = {{v2 ? "/cg" : "/cg/memory", {"memory"}, v2}};
  return compile_create(oci::parse_with(member, "4096"), surroundings).warnings;
}

TEST(KernelMemory, IsIgnoredWithAWarning) {
  EXPECT_THAT(warnings_of("/linux/resources/memory/kernel", CgroupMode::v1), ElementsAre(kKernelMemoryIgnored));
  EXPECT_THAT(warnings_of("/linux/resources/memory/kernel", CgroupMode::v2), ElementsAre(kKernelMemoryIgnored));
}

TEST(KernelMemory, OfTcpIsIgnoredWithAWarningOnVersion2Only) {
  EXPECT_THAT(warnings_of("/linux/resources/memory/kernelTCP", CgroupMode::v1), IsEmpty());
  EXPECT_THAT(warnings_of("/linux/resources/memory/kernelTCP", CgroupMode::v2), ElementsAre(kKernelMemoryIgnored));
}

}  // namespace
}  // namespace crumb::plan
