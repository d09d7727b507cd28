// What valid members of config.json become.
#include "oci/config.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "config_case.h"

namespace crumb::oci {
namespace {

TEST(Config, OfAnyVersionOneIsTaken) {
  for (const char* version : {"1.0.0", "1.0.2-dev", "1.3.0", "1.99.12+build.1", "1.1.0-rc.1"})
    EXPECT_EQ(parse_with("/ociVersion", '"' + std::string(version) + '"').oci_version, version);
}

TEST(Config, IgnoresMembersThatNobodyKnowsAndOtherPlatforms) {
  EXPECT_EQ(message_of([] { parse_with("/fromTheFuture", "{\"a\": 1}"); }), "no error");
  EXPECT_EQ(message_of([] { parse_with("/windows", "{\"layerFolders\": [\"x\"]}"); }), "no error");
  EXPECT_EQ(message_of([] { parse_with("/vm", "{\"kernel\": {\"path\": \"/x\"}}"); }), "no error");
  EXPECT_EQ(message_of([] { parse_with("/process/consoleSize", "{\"height\": 1, \"width\": 1}"); }), "no error");
}

TEST(Config, NeedsNoProcess) { EXPECT_FALSE(parse_with("/process", "").process); }

TEST(Config, HasRootHostnameAndAnnotations) {
  const Config config = parse_with("/annotations", R"({"a": "b", "org.x": ""})");
  EXPECT_EQ(config.root.path, "rootfs");
  EXPECT_FALSE(config.root.readonly);
  EXPECT_EQ(config.hostname, "box");
  EXPECT_EQ(config.annotations, (std::map<std::string, std::string>{{"a", "b"}, {"org.x", ""}}));
  EXPECT_TRUE(parse_with("/root/readonly", "true").root.readonly);
}

TEST(Config, HasHooksOfEachKindInTheirOrder) {
  for (const HookKind& kind : kHookKinds) {
    const std::string list = R"([{"path": "/a", "args": ["b", "c"], "env": ["D=e", "F="], "timeout": 7}, {"path": "/g"}])";
    const Hooks hooks = parse_with("/hooks", fmt::format(R"({{"{}": {}}})", kind.name, list)).hooks;
    for (const HookKind& other : kHookKinds) EXPECT_EQ((hooks.*other.hooks).size(), other.name == kind.name ? 2U : 0U);
    const std::vector<Hook>& found = hooks.*kind.hooks;
    EXPECT_EQ(found[0].path, "/a");
    EXPECT_EQ(found[0].args, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(found[0].env, (std::vector<std::string>{"D=e", "F="}));
    EXPECT_EQ(found[0].timeout, 7U);
    EXPECT_EQ(found[1].args, std::vector<std::string>{"/g"}) << "the path, where there are no arguments";
    EXPECT_TRUE(found[1].env.empty());
    EXPECT_EQ(found[1].timeout, 0U);
  }
}

TEST(Config, TakesKindsOfHooksThatNobodyKnows) {
  EXPECT_EQ(message_of([] { parse_with("/hooks", R"({"fromTheFuture": [{"path": "x"}]})"); }), "no error");
}

TEST(Config, HasADomainname) { EXPECT_EQ(parse_with("/domainname", "\"example.org\"").domainname, "example.org"); }

TEST(Config, HasLabelsAndSettings) {
  EXPECT_EQ(parse_with("/process/apparmorProfile", "\"p\"").process->apparmor_profile, "p");
  EXPECT_EQ(parse_with("/process/selinuxLabel", "\"l\"").process->selinux_label, "l");
  EXPECT_EQ(parse_with("/linux/mountLabel", "\"l\"").linux_.mount_label, "l");
  EXPECT_EQ(parse_with("/linux/sysctl", R"({"a.b": "1", "c": ""})").linux_.sysctl,
            (std::map<std::string, std::string>{{"a.b", "1"}, {"c", ""}}));
}

TEST(Config, KeepsMountsWithTheirPlaces) {
  const Config config = parse_with(
      "/mounts",
      R"([{"destination": "/a", "type": "tmpfs", "source": "x", "options": ["ro", "size=1"]}, {"destination": "b/c"}])");
  ASSERT_EQ(config.mounts.size(), 2U);
  EXPECT_EQ(config.mounts[0].destination, "/a");
  EXPECT_EQ(config.mounts[0].type, "tmpfs");
  EXPECT_EQ(config.mounts[0].source, "x");
  EXPECT_EQ(config.mounts[0].options, (std::vector<std::string>{"ro", "size=1"}));
  EXPECT_EQ(config.mounts[0].place, "mounts[0]");
  EXPECT_EQ(config.mounts[1].destination, "/b/c") << "a relative destination is below the root";
  EXPECT_EQ(config.mounts[1].place, "mounts[1]");
}

TEST(Config, HasNetworkDevicesWithTheirNamesInTheContainer) {
  EXPECT_EQ(parse_with("/linux/netDevices", R"({"eth0": {}, "eth1": {"name": "in"}, "eth2": {"name": "e%d"}, "eth3": null})")
                .linux_.net_devices,
            (std::map<std::string, std::string>{{"eth0", "eth0"}, {"eth1", "in"}, {"eth2", "e%d"}}));
}

TEST(Config, HasAClassOfServiceWithItsLinesInOrder) {
  const Config config = parse_with("/linux/intelRdt", R"({"closID": "gold", "schemata": ["L2:0=f"], "memBwSchema": "MB:0=20",
                                   "l3CacheSchema": "L3:0=7f0", "enableMonitoring": true})");
  const IntelRdt& rdt = *config.linux_.intel_rdt;
  EXPECT_EQ(rdt.clos_id, "gold");
  EXPECT_EQ(rdt.schemata, (std::vector<std::string>{"L3:0=7f0", "MB:0=20", "L2:0=f"}));
  EXPECT_EQ(rdt.compared, 2U);
  EXPECT_TRUE(rdt.monitoring);
  EXPECT_TRUE(parse_with("/linux/intelRdt", "{}").linux_.intel_rdt) << "a class of the container's own";
  EXPECT_EQ(parse_with("/linux/intelRdt", R"({"closID": "/"})").linux_.intel_rdt->clos_id, "/");
}

TEST(Config, HasAMemoryPolicy) {
  const Config config = parse_with("/linux/memoryPolicy", R"({"mode": "MPOL_INTERLEAVE", "nodes": "0-1,65",
                                   "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING"]})");
  const MemoryPolicy& policy = *config.linux_.memory_policy;
  EXPECT_EQ(policy.mode, 3U);
  EXPECT_EQ(policy.flags, 1U << 15 | 1U << 13);
  EXPECT_EQ(policy.nodes, (BitSet{3, 2}));
  EXPECT_TRUE(parse_with("/linux/memoryPolicy", R"({"mode": "MPOL_PREFERRED"})").linux_.memory_policy->nodes.empty());
}

TEST(ConfigProcess, HasUserAndGroups) {
  const Config config = parse_with("/process/user", R"({"uid": 4294967295, "gid": 7, "umask": 63, "additionalGids": [5, 6]})");
  EXPECT_EQ(config.process->user.uid, 4294967295U);
  EXPECT_EQ(config.process->user.gid, 7U);
  EXPECT_EQ(config.process->user.umask, 077U);
  EXPECT_EQ(config.process->user.additional_gids, (std::vector<std::uint32_t>{5, 6}));
}

TEST(ConfigProcess, HasASchedulerAndAnIoPriority) {
  const Config batch = parse_with("/process/scheduler", R"({"policy": "SCHED_BATCH", "nice": -20, "priority": 0})");
  EXPECT_EQ(batch.process->scheduler->policy, 3U);
  EXPECT_EQ(batch.process->scheduler->nice, -20);
  const Config deadline = parse_with("/process/scheduler", R"({"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2,
                                     "period": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"]})");
  const Scheduler& scheduler = *deadline.process->scheduler;
  EXPECT_EQ(std::vector({scheduler.runtime, scheduler.deadline, scheduler.period, scheduler.flags}),
            (std::vector<std::uint64_t>{1, 2, 3, 1 | 4}));
  EXPECT_EQ(parse_with("/process/scheduler", R"({"policy": "SCHED_RR", "priority": 99})").process->scheduler->priority, 99U);
  const Config io = parse_with("/process/ioPriority", R"({"class": "IOPRIO_CLASS_IDLE", "priority": 7})");
  EXPECT_EQ(io.process->io_priority->io_class, 3U);
  EXPECT_EQ(io.process->io_priority->level, 7U);
}

TEST(ConfigProcess, HasCpusForExec) {
  const auto initial = [](const std::string& list) {
    return parse_with("/process/execCPUAffinity", R"({"initial": ")" + list + R"("})").process->exec_affinity->initial;
  };
  EXPECT_EQ(initial("0-3,7"), BitSet{0x8f});
  EXPECT_EQ(initial(" 1 ,, 3"), BitSet{0xa});
  EXPECT_EQ(initial("63-64"), (BitSet{1ULL << 63, 1}));
  EXPECT_EQ(initial("8191").size(), 128U);
  EXPECT_EQ(initial("0-8191"), BitSet(128, ~0ULL));
  EXPECT_EQ(initial(","), BitSet{});
}

TEST(ConfigProcess, KeepsEnvironmentEntriesAsTheyAre) {
  EXPECT_EQ(parse_with("/process/env", R"(["A=B=C", "NOVALUE", ""])").process->env,
            (std::vector<std::string>{"A=B=C", "NOVALUE", ""}));
}

TEST(ConfigProcess, TurnsCapabilitiesIntoSets) {
  const Config config = parse_with("/process/capabilities",
                                   R"({"bounding": ["CAP_KILL", "CAP_CHECKPOINT_RESTORE"], "permitted": ["CAP_KILL"],
                                       "effective": ["CAP_KILL"], "ambient": []})");
  const Capabilities& sets = config.process->capabilities;
  EXPECT_EQ(sets.bounding, 1ULL << CAP_KILL | 1ULL << CAP_CHECKPOINT_RESTORE);
  EXPECT_EQ(sets.permitted, 1ULL << CAP_KILL);
  EXPECT_EQ(sets.effective, 1ULL << CAP_KILL);
  EXPECT_EQ(sets.inheritable, 0U);
  EXPECT_EQ(sets.ambient, 0U);
}

TEST(ConfigProcess, TurnsLimitsIntoNumbers) {
  const Config config =
      parse_with("/process/rlimits", R"([{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615}])");
  ASSERT_EQ(config.process->rlimits.size(), 1U);
  EXPECT_EQ(config.process->rlimits[0].type, RLIMIT_NOFILE);
  EXPECT_EQ(config.process->rlimits[0].soft, 1024U);
  EXPECT_EQ(config.process->rlimits[0].hard, RLIM_INFINITY);
}

TEST(ConfigProcess, CanStandAlone) {
  const Process process =
      parse_process(R"({"args": ["a", ""], "cwd": "/x", "noNewPrivileges": true, "oomScoreAdj": -5})", "process.json");
  EXPECT_EQ(process.args, (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(process.cwd, "/x");
  EXPECT_TRUE(process.no_new_privileges);
  EXPECT_EQ(process.oom_score_adj, -5);
}

TEST(ConfigLinux, HasNewAndJoinedNamespaces) {
  const Config config = parse_with(
      "/linux/namespaces", R"([{"type": "mount", "path": ""}, {"type": "network", "path": "/run/netns/x"}, {"type": "uts"}])");
  ASSERT_EQ(config.linux_.namespaces.size(), 3U);
  EXPECT_EQ(config.linux_.namespaces[0].type, std::uint64_t{CLONE_NEWNS});
  EXPECT_EQ(config.linux_.namespaces[0].path, "");
  EXPECT_EQ(config.linux_.namespaces[1].type, std::uint64_t{CLONE_NEWNET});
  EXPECT_EQ(config.linux_.namespaces[1].path, "/run/netns/x");
}

TEST(ConfigLinux, HasDevicesWithoutTypeBitsInTheirModes) {
  const Config config =
      parse_with("/linux/devices",
                 R"([{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 8630, "uid": 1, "gid": 2},
                                       {"path": "/dev/pipe", "type": "p"}, {"path": "/dev/u", "type": "u", "major": 1, "minor": 3}])");
  ASSERT_EQ(config.linux_.devices.size(), 3U);
  EXPECT_EQ(config.linux_.devices[0].type, std::uint32_t{S_IFCHR});
  EXPECT_EQ(config.linux_.devices[0].major, 10U);
  EXPECT_EQ(config.linux_.devices[0].minor, 229U);
  EXPECT_EQ(config.linux_.devices[0].file_mode, 0666U);
  EXPECT_EQ(config.linux_.devices[0].uid, 1U);
  EXPECT_EQ(config.linux_.devices[0].gid, 2U);
  EXPECT_EQ(config.linux_.devices[1].type, std::uint32_t{S_IFIFO});
  EXPECT_FALSE(config.linux_.devices[1].file_mode);
  EXPECT_EQ(config.linux_.devices[2].type, std::uint32_t{S_IFCHR});
}

TEST(ConfigLinux, TakesPropagationWithAndWithoutR) {
  EXPECT_EQ(parse_with("/linux/rootfsPropagation", "\"shared\"").linux_.rootfs_propagation, std::uint64_t{MS_SHARED});
  EXPECT_EQ(parse_with("/linux/rootfsPropagation", "\"rprivate\"").linux_.rootfs_propagation,
            std::uint64_t{MS_PRIVATE | MS_REC});
  EXPECT_EQ(parse_with("/linux/rootfsPropagation", "\"\"").linux_.rootfs_propagation, 0U);
}

TEST(ConfigLinux, TakesTheDefaultPersonality) {
  EXPECT_EQ(message_of([] { parse_with("/linux/personality", R"({"domain": "LINUX", "flags": []})"); }), "no error");
}

TEST(ConfigUsers, HaveTheirMappings) {
  const Config config = parse_with("/linux", R"({
    "namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "user"}],
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 10, "hostID": 5, "size": 99995}],
    "gidMappings": [{"containerID": 4294967295, "hostID": 7, "size": 1}]})");
  const std::vector<IdMapping>& uids = config.linux_.uid_mappings;
  ASSERT_EQ(uids.size(), 2U);
  EXPECT_EQ(uids[0].host, 100000U);
  EXPECT_EQ(uids[1].container, 10U);
  EXPECT_EQ(uids[1].size, 99995U);
  EXPECT_EQ(config.linux_.gid_mappings.at(0).container, 4294967295U);
}

TEST(ConfigUsers, AreThoseOfANamespaceThatIsJoinedWhateverTheMappingsSay) {
  EXPECT_EQ(message_of([] {
              parse_with("/linux", R"({"namespaces": [{"type": "uts"}, {"type": "user", "path": "/proc/1/ns/user"}],
                                       "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]})");
            }),
            "no error")
      << "podman writes such a mapping";
}

TEST(ConfigTime, HasOffsets) {
  const Config config = parse_with("/linux", R"({"namespaces": [{"type": "uts"}, {"type": "time"}],
    "timeOffsets": {"monotonic": {"secs": -5}, "boottime": {"secs": 7, "nanosecs": 999999999}}})");
  const std::vector<TimeOffset>& offsets = config.linux_.time_offsets;
  ASSERT_EQ(offsets.size(), 2U);
  EXPECT_EQ(offsets[0].clock, "monotonic");
  EXPECT_EQ(offsets[0].seconds, -5);
  EXPECT_EQ(offsets[1].nanoseconds, 999999999U);
}

TEST(ConfigTime, OfANamespaceThatIsJoinedIsNotOursToSet) {
  EXPECT_EQ(message_of([] {
              parse_with("/linux", R"({"namespaces": [{"type": "uts"}, {"type": "time", "path": "/proc/1/ns/time"}],
                                       "timeOffsets": {"boottime": {"secs": 7}}})");
            }),
            "config.json: linux.timeOffsets: the \"time\" namespace is joined by its path, and has its own");
}

TEST(ConfigResources, HaveNumbersWhereTheySayOne) {
  const Config config = parse_with("/linux/resources", R"({
    "memory": {"limit": -1, "reservation": 5, "swap": 0, "swappiness": 0, "disableOOMKiller": false, "useHierarchy": true},
    "cpu": {"shares": 0, "quota": 5000, "period": 10000, "cpus": "0-1", "mems": "0"},
    "pids": {"limit": 0}, "unified": {"memory.high": "max"}})");
  const Resources& resources = config.linux_.resources;
  EXPECT_EQ(resources.memory.limit, -1);
  EXPECT_EQ(resources.memory.reservation, 5);
  EXPECT_FALSE(resources.memory.swap) << "0 is what callers in Go write for nothing";
  EXPECT_EQ(resources.memory.swappiness, 0U);
  EXPECT_FALSE(resources.cpu.shares);
  EXPECT_EQ(resources.cpu.quota, 5000);
  EXPECT_EQ(resources.cpu.period, 10000U);
  EXPECT_EQ(resources.cpu.cpus, "0-1");
  EXPECT_EQ(resources.cpu.mems, "0");
  EXPECT_EQ(resources.pids_limit, 0);
  EXPECT_EQ(resources.unified.at("memory.high"), "max");
}

TEST(ConfigResources, HaveDeviceRulesInOrderWithTheirDefaults) {
  const Config config =
      parse_with("/linux/resources/devices",
                 R"([{"allow": false}, {"allow": true, "type": "c", "major": 10, "minor": -1, "access": "rw"}])");
  const std::vector<DeviceRule>& rules = config.linux_.resources.device_rules;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_FALSE(rules[0].allow);
  EXPECT_EQ(rules[0].type, 'a');
  EXPECT_FALSE(rules[0].major);
  EXPECT_EQ(rules[0].access, "rwm");
  EXPECT_TRUE(rules[1].allow);
  EXPECT_EQ(rules[1].type, 'c');
  EXPECT_EQ(rules[1].major, 10U);
  EXPECT_FALSE(rules[1].minor) << "-1 is any";
  EXPECT_EQ(rules[1].access, "rw");
}

TEST(ConfigSeccomp, TurnsWordsIntoTheKernelsNumbers) {
  const Seccomp profile = *parse_with("/linux/seccomp", R"({
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "flags": ["SECCOMP_FILTER_FLAG_LOG"],
    "syscalls": [
      {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "args": []},
      {"names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535,
       "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 7, "op": "SCMP_CMP_MASKED_EQ"}]}
    ]})")
                               .linux_.seccomp;
  EXPECT_EQ(profile.default_action, SECCOMP_RET_ERRNO | 38U);
  EXPECT_EQ(profile.architectures, (std::vector<std::string_view>{"x86_64", "x86"}));
  EXPECT_EQ(profile.flags, SECCOMP_FILTER_FLAG_LOG);
  ASSERT_EQ(profile.rules.size(), 2U);
  EXPECT_EQ(profile.rules[0].names, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(profile.rules[0].action, SECCOMP_RET_ALLOW);
  EXPECT_EQ(profile.rules[1].action, SECCOMP_RET_TRACE | 0xffffU);
  ASSERT_EQ(profile.rules[1].arguments.size(), 1U);
  const SeccompArgument& argument = profile.rules[1].arguments[0];
  EXPECT_EQ(argument.index, 5U);
  EXPECT_EQ(argument.value, ~0ULL);
  EXPECT_EQ(argument.value_two, 7U);
  EXPECT_EQ(argument.op, kernel::SeccompOperator::masked_eq);
}

TEST(ConfigSeccomp, AnswersEpermUnlessItSaysOtherwise) {
  EXPECT_EQ(parse_with("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ERRNO"})").linux_.seccomp->default_action,
            SECCOMP_RET_ERRNO | 1U);
  EXPECT_EQ(parse_with("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_KILL"})").linux_.seccomp->default_action,
            SECCOMP_RET_KILL_THREAD);
}

TEST(ConfigSeccomp, KeepsSpeculationAsItIsUnlessItListsFlags) {
  EXPECT_EQ(parse_with("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW"})").linux_.seccomp->flags,
            SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  EXPECT_EQ(parse_with("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": []})").linux_.seccomp->flags, 0U);
}

TEST(ConfigLinux, HasAPersonality) {
  EXPECT_FALSE(parse_with("/linux/cgroupsPath", "\"/x\"").linux_.personality);
  EXPECT_EQ(parse_with("/linux/personality", R"({"domain": "LINUX"})").linux_.personality, 0U);
  EXPECT_EQ(parse_with("/linux/personality", R"({"domain": "LINUX32", "flags": []})").linux_.personality, 8U);
}

TEST(Config, ATerminalHasTheSizeThatIsAskedFor) {
  EXPECT_FALSE(parse_with("/process/terminal", "false").process->terminal);
  EXPECT_TRUE(parse_with("/process/terminal", "true").process->terminal);
  const Process process =
      parse_process(R"({"args": ["sh"], "cwd": "/", "terminal": true, "consoleSize": {"height": 24, "width": 80}})", "p");
  EXPECT_EQ(process.console_size.rows, 24);
  EXPECT_EQ(process.console_size.columns, 80);
}

TEST(Config, WithoutATerminalASizeMeansNothing) {
  const Config config = parse_with("/process/consoleSize", R"({"height": 24, "width": 80})");
  EXPECT_EQ(config.process->console_size.rows, 0);
  EXPECT_EQ(config.process->console_size.columns, 0);
}

}  // namespace
}  // namespace crumb::oci
