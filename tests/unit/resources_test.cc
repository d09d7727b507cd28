// linux.resources on its own, and a config.json whose limits were changed.
#include "oci/resources.h"

#include <gmock/gmock.h>

#include "config_case.h"

namespace crumb::oci {
namespace {

Resources parse(std::string_view text) { return parse_resources(text, "update"); }

TEST(Resources, AreNamedAsTheCallerSays) {
  EXPECT_EQ(message_of([] { parse("[]"); }), "update: expected an object, found an array");
  EXPECT_EQ(message_of([] { parse("{\"cpu\": {\"shares\": 1}}"); }), "update: cpu.shares: 1 is not between 2 and 262144");
  EXPECT_EQ(message_of([] { parse("{"); }), "update: line 1, column 2: incomplete JSON");
}

// What dockerd writes: every number, 0 where it says nothing.
TEST(Resources, ThatAreZeroAreNotSet) {
  const Resources resources = parse(R"({"memory": {"limit": 0, "swap": 0, "reservation": 0, "kernel": 0, "kernelTCP": 0},
    "cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0, "cpus": "", "mems": ""},
    "blockIO": {"weight": 0, "leafWeight": 0}, "network": {"classID": 0}})");
  EXPECT_FALSE(resources.memory.limit || resources.memory.swap || resources.memory.reservation);
  EXPECT_FALSE(resources.memory.kernel || resources.memory.kernel_tcp);
  EXPECT_FALSE(resources.cpu.shares || resources.cpu.quota || resources.cpu.period || resources.cpu.realtime_runtime ||
               resources.cpu.realtime_period || resources.cpu.burst || resources.cpu.idle);
  EXPECT_FALSE(resources.block_io.weight || resources.block_io.leaf_weight || resources.network.class_id);
}

TEST(Resources, ThatMeanSomethingWhenTheyAreZeroAreSet) {
  const Resources resources = parse(R"({"cpu": {"burst": 0, "idle": 0}, "memory": {"swappiness": 0}})");
  EXPECT_EQ(resources.cpu.burst, 0U);
  EXPECT_EQ(resources.cpu.idle, 0);
  EXPECT_EQ(resources.memory.swappiness, 0U);
}

TEST(Resources, OfDevicesPagesAndAdaptersAreRead) {
  const Resources resources = parse(R"({
    "blockIO": {"weight": 10, "weightDevice": [{"major": 8, "minor": 1, "weight": 500, "leafWeight": 20}],
                "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}],
                "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
                "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}],
                "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 0}], "rdma": {"mlx5_0": {"hcaObjects": 7}},
    "network": {"classID": 5, "priorities": [{"name": "eth0", "priority": 6}]}})");
  EXPECT_EQ(resources.block_io.weight_devices.at(0).weight, 500U);
  EXPECT_EQ(resources.block_io.weight_devices.at(0).leaf_weight, 20U);
  EXPECT_EQ(resources.block_io.read_bytes.at(0).rate, 1U);
  EXPECT_EQ(resources.block_io.write_bytes.at(0).rate, 2U);
  EXPECT_EQ(resources.block_io.read_operations.at(0).rate, 3U);
  EXPECT_EQ(resources.block_io.write_operations.at(0).rate, 4U);
  EXPECT_EQ(resources.hugepage_limits.at(0).page_size, "2MB");
  EXPECT_EQ(resources.rdma.at("mlx5_0").objects, 7U);
  EXPECT_FALSE(resources.rdma.at("mlx5_0").handles);
  EXPECT_EQ(resources.network.class_id, 5U);
  EXPECT_EQ(resources.network.priorities.at(0).name, "eth0");
}

std::string updated(std::string_view resources, std::string_view update) {
  const json::value config = boost::json::parse(with_resources(config_with("/linux/resources", resources), update));
  return json::serialize(config.at("linux").at("resources"));
}

TEST(Update, ChangesWhatItSaysAndNothingElse) {
  EXPECT_EQ(updated(R"({"memory":{"limit":1,"swap":2},"pids":{"limit":3}})", R"({"memory":{"limit":5}})"),
            R"({"memory":{"limit":5,"swap":2},"pids":{"limit":3}})");
  EXPECT_EQ(updated("{}", R"({"cpu":{"cpus":"0"}})"), R"({"cpu":{"cpus":"0"}})");
}

TEST(Update, ThatSaysNothingChangesNothing) {
  EXPECT_EQ(updated(R"({"memory":{"limit":1}})", R"({"memory":{"limit":0,"swap":null},"cpu":{"cpus":""},"blockIO":{}})"),
            R"({"memory":{"limit":1},"cpu":{}})");
}

TEST(Update, ToNoMemoryLimitTakesThatOfSwapAway) {
  EXPECT_EQ(updated(R"({"memory":{"limit":1,"swap":2}})", R"({"memory":{"limit":-1}})"),
            R"({"memory":{"limit":-1,"swap":-1}})");
  EXPECT_EQ(updated(R"({"memory":{"limit":1}})", R"({"memory":{"limit":-1,"swap":-1}})"),
            R"({"memory":{"limit":-1,"swap":-1}})");
}

TEST(Update, ReplacesTheEntryAboutTheSameDevice) {
  EXPECT_EQ(updated(R"({"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1},{"major":8,"minor":1,"rate":2}]}})",
                    R"({"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":1,"rate":0},{"major":9,"minor":1,"rate":7}]}})"),
            R"({"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1},{"major":8,"minor":1,"rate":0},)"
            R"({"major":9,"minor":1,"rate":7}]}})");
}

TEST(Update, ReplacesTheDeviceRulesAsAWhole) {
  EXPECT_EQ(updated(R"({"devices":[{"allow":false}]})", R"({"devices":[{"allow":true,"type":"c"}]})"),
            R"({"devices":[{"allow":true,"type":"c"}]})");
}

}  // namespace
}  // namespace crumb::oci
