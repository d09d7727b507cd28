// What the compiler refuses: configs that are valid in themselves and cannot be had on this machine or by this version.
#include <gtest/gtest.h>
#include <sched.h>

#include "config_case.h"
#include "plan/compile.h"

namespace crumb::plan {
namespace {

const CgroupLayout kV1 = {CgroupMode::v1, {{"/cg/memory", {"memory"}, false}, {"/cg/pids", {"pids"}, false}}};
const CgroupLayout kV2 = {CgroupMode::v2, {{"/cg", {"memory", "pids"}, true}}};

std::string compile_message(const std::string& config, const CgroupLayout& cgroups, bool disabled = false) {
  Surroundings surroundings;
  surroundings.id = "web";
  surroundings.bundle = "/bundle";
  surroundings.rootfs = "/bundle/rootfs";
  surroundings.cgroups = cgroups;
  surroundings.cgroups_disabled = disabled;
  return oci::message_of([&] { compile_create(oci::parse_config(config), surroundings); });
}

std::string compile_message(std::string_view pointer, std::string_view content, const CgroupLayout& cgroups = kV1) {
  return compile_message(oci::config_with(pointer, content), cgroups);
}

TEST(PlanRefusals, CreateNeedsAProcess) { EXPECT_EQ(compile_message("/process", ""), "config.json: process: missing"); }

TEST(PlanRefusals, AContainerNeedsAMountNamespace) {
  EXPECT_EQ(compile_message("/linux/namespaces", R"([{"type": "uts"}])"),
            "config.json: linux.namespaces: a container needs a \"mount\" namespace");
}

TEST(PlanRefusals, MessagesHoldTheNameOfTheFile) {
  const oci::Config config = oci::parse_config(oci::config_with("/process", ""), "other.json");
  EXPECT_EQ(oci::message_of([&] { compile_create(config, {}); }), "other.json: process: missing");
}

TEST(PlanRefusals, ADelegatedCgroupIsBelowAndOnVersion2) {
  const auto message = [](const char* path, const CgroupLayout& cgroups) {
    const std::string annotations = fmt::format(R"({{"run.oci.delegate-cgroup": "{}"}})", path);
    return compile_message("/annotations", annotations, cgroups);
  };
  EXPECT_EQ(message("app", kV1), "config.json: annotations[\"run.oci.delegate-cgroup\"]: needs cgroup v2");
  EXPECT_EQ(message("a/../b", kV2), "config.json: annotations[\"run.oci.delegate-cgroup\"]: \"a/../b\" must not hold \"..\"");
  EXPECT_EQ(message("a//b/.", kV2), "no error");
}

TEST(PlanRefusals, AClassOfServiceNeedsItsFilesystem) {
  const oci::Config config = oci::parse_with("/linux/intelRdt", R"({"closID": "gold"})");
  EXPECT_EQ(oci::message_of([&] { compile_create(config, {}); }),
            "config.json: linux.intelRdt: no resctrl filesystem is mounted on this machine");
}

TEST(PlanRefusals, NetworkDevicesNeedANetworkOfTheContainersOwn) {
  oci::Config config = oci::parse_with("/linux/netDevices", R"({"eth0": {}})");
  Surroundings surroundings;
  const auto message = [&] { return oci::message_of([&] { compile_create(config, surroundings); }); };
  EXPECT_EQ(message(), "config.json: linux.netDevices: needs a \"network\" namespace in linux.namespaces");
  config.linux_.namespaces.push_back({CLONE_NEWNET, "/proc/1/ns/net"});
  surroundings.own_namespaces = CLONE_NEWNET;
  EXPECT_EQ(message(), "config.json: linux.netDevices: the container shares the host's network namespace");
  surroundings.own_namespaces = 0;
  EXPECT_EQ(message(), "no error");
  surroundings.privileged = false;
  EXPECT_EQ(message(), "config.json: linux.netDevices: an ordinary user has no network devices to give");
}

TEST(PlanRefusals, MountsThatCannotBeMade) {
  const auto message = [](const std::string& mount) { return compile_message("/mounts", "[" + mount + "]"); };
  EXPECT_EQ(message(R"({"destination": "/a"})"), "config.json: mounts[0].type: missing");
  EXPECT_EQ(message(R"({"destination": "/a", "type": "bind"})"),
            "config.json: mounts[0].source: missing: a bind mount needs one");
  EXPECT_EQ(message(R"({"destination": "/a", "type": "tmpfs"}, {"destination": "/b", "options": ["rbind"]})"),
            "config.json: mounts[1].source: missing: a bind mount needs one");
  EXPECT_EQ(message(R"({"destination": "/a", "type": "cgroup", "options": ["memory"]})"),
            "config.json: mounts[0].options: \"memory\": a cgroup mount takes no such option");
}

TEST(PlanRefusals, CopiesOfWhatCannotBeCopied) {
  const auto message = [](const std::string& mount) { return compile_message("/mounts", "[" + mount + "]"); };
  EXPECT_EQ(message(R"({"destination": "/a", "type": "ramfs", "options": ["tmpcopyup"]})"),
            "config.json: mounts[0].options: \"tmpcopyup\" is for a tmpfs");
  EXPECT_EQ(message(R"({"destination": "/a", "type": "tmpfs", "options": ["copy-symlink"]})"),
            "config.json: mounts[0].options: \"copy-symlink\" is for a bind mount");
  EXPECT_EQ(
      message(R"({"destination": "/a", "source": "/b", "options": ["bind", "copy-symlink", "src-nofollow"]})"),
      "config.json: mounts[0].options: \"copy-symlink\" cannot be had together with \"src-nofollow\" or \"dest-nofollow\"");
}

TEST(PlanRefusals, LabelsThatNoSecurityModuleWouldHeed) {
  EXPECT_EQ(compile_message("/process/apparmorProfile", "\"p\""),
            "config.json: process.apparmorProfile: \"p\" cannot be in force: AppArmor is not enabled on this kernel");
  EXPECT_EQ(compile_message("/process/selinuxLabel", "\"l\""),
            "config.json: process.selinuxLabel: \"l\" cannot be in force: SELinux is not enabled on this kernel");
  EXPECT_EQ(compile_message("/mounts", R"([{"destination": "/a", "type": "tmpfs"}])"), "no error");
  EXPECT_EQ(compile_message("/linux/mountLabel", "\"l\""),
            "config.json: linux.mountLabel: \"l\" cannot be in force: SELinux is not enabled on this kernel");
  EXPECT_EQ(compile_message("/annotations", R"({"run.oci.mount_context_type": "x"})"),
            "config.json: annotations[\"run.oci.mount_context_type\"]: \"x\" is none of context, fscontext, defcontext, "
            "rootcontext");
}

std::string idmap_message(const std::string& option, const std::string& type = "bind") {
  return compile_message(
      "/mounts", R"([{"destination": "/a", "source": "/s", "type": ")" + type + R"(", "options": [")" + option + R"("]}])");
}

TEST(PlanRefusals, IdmappedMountsThatCannotBe) {
  const std::string place = "config.json: mounts[0].options[0]: ";
  EXPECT_EQ(idmap_message("idmap"), place + "needs uidMappings and gidMappings, or a \"user\" namespace of the container");
  EXPECT_EQ(idmap_message("ridmap"), place + "needs uidMappings and gidMappings, or a \"user\" namespace of the container");
  EXPECT_EQ(idmap_message("idmap=uids=0-1-1"), place + "both uids= and gids= are needed");
  EXPECT_EQ(idmap_message("idmap=0-1-1"), place + "\"0-1-1\" is neither uids=... nor gids=...");
  EXPECT_EQ(idmap_message("idmap=uids=0-1"), place + "\"0-1\" is not FIRST-ON-HOST-SIZE");
  EXPECT_EQ(idmap_message("idmap=uids=0-x-1"), place + "\"x\" is not an id");
  EXPECT_EQ(idmap_message("idmap=uids=0-1-0"), place + "\"0-1-0\": not a number of ids");
  EXPECT_EQ(idmap_message("idmap=uids=@0-1-1;gids=0-1-1"), place + "the container's user namespace has no 1 ids from 1 on");
  EXPECT_EQ(idmap_message("idmap=uids=0-1-1;gids=0-1-1", "tmpfs"), "config.json: mounts[0]: only a bind mount can be idmapped");
}

std::string ordinary_users_message(const std::string& config, const CgroupLayout& cgroups = kV1) {
  Surroundings surroundings{.id = "web", .cgroups = cgroups, .uid = 1000, .gid = 1000, .privileged = false};
  surroundings.may_use = [](const CgroupLeaf&) { return false; };
  return oci::message_of([&] { compile_create(oci::parse_config(config), surroundings); });
}

// A valid config of an ordinary user with one more member.
std::string rootless_with(const std::string& member) {
  return R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["sh"], "user": {"additionalGids": []}},
             "linux": {"namespaces": [{"type": "mount"}, {"type": "user"}],
                       "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
                       "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]})" +
         member + "}";
}

TEST(PlanRefusals, WhatAnOrdinaryUserCannotHave) {
  EXPECT_EQ(ordinary_users_message(rootless_with("")), "no error");
  EXPECT_EQ(ordinary_users_message(oci::config_with("/hostname", "\"box\"")),
            "config.json: linux.namespaces: for an ordinary user a container needs a \"user\" namespace");
  std::string groups = rootless_with("");
  groups.replace(groups.find("[]"), 2, "[5]");
  EXPECT_EQ(ordinary_users_message(groups),
            "config.json: process.user.additionalGids: groups cannot be changed in this user namespace: only one's own gid is "
            "mapped without privilege");
  std::string limits = rootless_with("");
  limits.replace(limits.find("\"uidMappings"), 0, R"("resources": {"pids": {"limit": 5}}, )");
  EXPECT_EQ(ordinary_users_message(limits),
            "config.json: linux.resources.pids.limit: crumb may not make a cgroup with the controller \"pids\" here");
  EXPECT_EQ(ordinary_users_message(
                rootless_with(R"(, "mounts": [{"destination": "/a", "type": "bind", "source": "/", "options": ["idmap"]}])")),
            "config.json: mounts[0].options[0]: only root can make idmapped mounts");
}

TEST(PlanRefusals, CgroupMountsWithoutCgroups) {
  const std::string mount = R"([{"destination": "/sys/fs/cgroup", "type": "cgroup"}])";
  EXPECT_EQ(compile_message("/mounts", mount, {}), "config.json: mounts[0].type: this machine has no cgroups mounted");
}

TEST(PlanRefusals, PathsThatAreNoCgroup) {
  EXPECT_EQ(compile_message("/linux/cgroupsPath", "\"/a/../b\""),
            "config.json: linux.cgroupsPath: \"/a/../b\" must not hold \"..\"");
  EXPECT_EQ(compile_message("/linux/cgroupsPath", "\"/\""), "config.json: linux.cgroupsPath: \"/\" is the root cgroup");
  EXPECT_EQ(compile_message("/linux/cgroupsPath", "\"./.\""), "config.json: linux.cgroupsPath: \"./.\" is the root cgroup");
  EXPECT_EQ(
      compile_message("/linux/cgroupsPath", "\"system.slice:crumb:web\""),
      "config.json: linux.cgroupsPath: \"system.slice:crumb:web\" is for the systemd cgroup manager: use --systemd-cgroup");
}

TEST(PlanRefusals, LimitsWhoseControllerIsMissing) {
  EXPECT_EQ(compile_message("/linux/resources/cpu/shares", "100"),
            "config.json: linux.resources.cpu.shares: this machine has no cgroup controller \"cpu\"");
  EXPECT_EQ(compile_message("/linux/resources/cpu/cpus", "\"0\"", kV2),
            "config.json: linux.resources.cpu.cpus: this machine has no cgroup controller \"cpuset\"");
  EXPECT_EQ(compile_message("/linux/resources/pids/limit", "5", {}),
            "config.json: linux.resources.pids.limit: this machine has no cgroup controller \"pids\"");
  EXPECT_EQ(compile_message("/linux/resources/unified", R"({"io.max": "1"})", kV2),
            "config.json: linux.resources.unified[\"io.max\"]: this machine has no cgroup controller \"io\"");
}

TEST(PlanRefusals, LimitsWithoutCgroups) {
  EXPECT_EQ(compile_message(oci::config_with("/linux/resources/pids/limit", "5"), kV1, true),
            "config.json: linux.resources.pids.limit: cannot be enforced with --cgroup-manager=disabled");
  EXPECT_EQ(compile_message(oci::config_with("/linux/resources/devices", R"([{"allow": false}])"), kV1, true), "no error")
      << "every caller writes device rules, and this one asked for no cgroups";
}

TEST(PlanRefusals, SwapThatMakesNoSense) {
  EXPECT_EQ(compile_message("/linux/resources/memory", R"({"swap": 100})"),
            "config.json: linux.resources.memory.swap: needs a limit in memory.limit");
  EXPECT_EQ(compile_message("/linux/resources/memory", R"({"swap": 100, "limit": -1})", kV2),
            "config.json: linux.resources.memory.swap: needs a limit in memory.limit");
  EXPECT_EQ(compile_message("/linux/resources/memory", R"({"swap": 100, "limit": 200})", kV2),
            "config.json: linux.resources.memory.swap: 100 is memory and swap together, and below memory.limit, 200");
}

TEST(PlanRefusals, SettingsOfTheOtherVersion) {
  EXPECT_EQ(compile_message("/linux/resources/unified", R"({"memory.high": "1"})"),
            "config.json: linux.resources.unified[\"memory.high\"]: needs cgroup v2");
  EXPECT_EQ(compile_message("/linux/resources/memory/swappiness", "1", kV2),
            "config.json: linux.resources.memory.swappiness: cgroup v2 has no such setting");
  EXPECT_EQ(compile_message("/linux/resources/memory/disableOOMKiller", "true", kV2),
            "config.json: linux.resources.memory.disableOOMKiller: cgroup v2 has no such setting");
  const auto v2 = [](std::string_view member, std::string_view content) {
    const CgroupLayout all = {CgroupMode::v2, {{"/cg", {"memory", "pids", "io", "cpu"}, true}}};
    return compile_message(fmt::format("/linux/resources/{}", member), content, all);
  };
  const std::string kReason = ": cgroup v2 has no such setting";
  EXPECT_EQ(v2("cpu/realtimePeriod", "1"), "config.json: linux.resources.cpu.realtimePeriod" + kReason);
  EXPECT_EQ(v2("cpu/realtimeRuntime", "1"), "config.json: linux.resources.cpu.realtimeRuntime" + kReason);
  EXPECT_EQ(v2("blockIO/leafWeight", "10"), "config.json: linux.resources.blockIO.leafWeight" + kReason);
  EXPECT_EQ(v2("network/classID", "1"), "config.json: linux.resources.network.classID" + kReason);
  EXPECT_EQ(v2("network/priorities", R"([{"name": "lo", "priority": 1}])"),
            "config.json: linux.resources.network.priorities[0]" + kReason);
}

}  // namespace
}  // namespace crumb::plan
