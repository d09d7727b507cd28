// The forms of the kernel's files about cgroups.
#include "linux/cgroup_stats.h"

#include <gmock/gmock.h>

#include "linux/cgroup_formats.h"
#include "linux/cgroup_limits.h"

namespace crumb::linux {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CpuLists, HoldNumbersAndRanges) {
  EXPECT_THAT(parse_list("0-2,5\n"), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(parse_list("3"), ElementsAre(3));
  EXPECT_THAT(parse_list("\n"), IsEmpty());
  EXPECT_LT(parse_list("0-18446744073709551615").size(), 70000U) << "no kernel has as many";
}

TEST(PressureFiles, HaveOneLineOrTwo) {
  const auto both =
      parse_pressure("some avg10=1.50 avg60=0.25 avg300=0.00 total=77\nfull avg10=0.10 avg60=0.00 avg300=0.00 total=5\n");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->some.average10, 1.5);
  EXPECT_EQ(both->some.average60, 0.25);
  EXPECT_EQ(both->some.total, 77U);
  EXPECT_EQ(both->full.total, 5U);
  EXPECT_TRUE(parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"));
  EXPECT_FALSE(parse_pressure(""));
}

TEST(BlkioFiles, HaveALineForEachDeviceAndOperation) {
  const std::vector<BlkioEntry> entries = parse_blkio("8:0 Read 128\n8:16 Write 2\n254:0 7\nTotal 137\n");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].major, 8U);
  EXPECT_EQ(entries[0].operation, "Read");
  EXPECT_EQ(entries[0].value, 128U);
  EXPECT_EQ(entries[1].minor, 16U);
  EXPECT_EQ(entries[2].operation, "");
  EXPECT_EQ(entries[2].value, 7U);
}

TEST(IoFiles, BecomeTheTablesOfVersion1) {
  const auto tables = parse_io("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables.at("io_service_bytes").at(1).operation, "Write");
  EXPECT_EQ(tables.at("io_service_bytes").at(1).value, 2U);
  EXPECT_EQ(tables.at("io_serviced").at(0).value, 3U);
}

TEST(OldLimits, OfOneLineComeBackAsTheyWere) {
  EXPECT_THAT(lines_to_restore("cpu.max", "1 2", "max 100000\n"), ElementsAre("max 100000"));
  EXPECT_THAT(lines_to_restore("pids.max", "5", "max\n"), ElementsAre("max"));
  EXPECT_THAT(lines_to_restore("devices.allow", "a", ""), IsEmpty());
}

TEST(OldLimits, OfDevicesComeBackOrAreTakenAway) {
  EXPECT_THAT(lines_to_restore("io.max", "8:0 rbps=5", "8:16 rbps=1 wbps=max\n8:0 rbps=9 wbps=max\n"),
              ElementsAre("8:0 rbps=9 wbps=max"));
  EXPECT_THAT(lines_to_restore("io.max", "8:0 rbps=5", ""), ElementsAre("8:0 rbps=max wbps=max riops=max wiops=max"));
  EXPECT_THAT(lines_to_restore("blkio.throttle.read_bps_device", "8:0 5", "8:1 3\n"), ElementsAre("8:0 0"));
  EXPECT_THAT(lines_to_restore("io.bfq.weight", "8:0 5", "default 100\n"), ElementsAre("8:0 default"));
}

}  // namespace
}  // namespace crumb::linux
