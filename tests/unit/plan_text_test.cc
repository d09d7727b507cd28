// How a step that failed is named, and what callers match in it (docs/callers).
#include "plan/text.h"
#include "plan/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "kernel/mount_options.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

Step program(const std::string& name) { return Program{.arguments = {name, "x"}}; }

TEST(Failure, NamesTheStepItsOperandAndTheReason) {
  EXPECT_EQ(failure(Mount{.type = "proc", .target = "/proc"}, EPERM, "/proc"),
            "mount \"proc\" on \"/proc\": Operation not permitted");
  EXPECT_EQ(failure(Mount{.source = "/srv", .target = "/a", .flags = wire::kBind}, ENOENT, "/srv"),
            "bind mount \"/srv\" on \"/a\": No such file or directory");
  EXPECT_EQ(failure(Mount{.target = "/a", .flags = wire::kRemount}, EBUSY, ""), "remount \"/a\": Device or resource busy");
  EXPECT_EQ(failure(Mount{.type = "tmpfs", .target = "/a"}, EINVAL, "option size=x"),
            "mount \"tmpfs\" on \"/a\": option size=x: Invalid argument");
  EXPECT_EQ(failure(Hostname{.name = "web"}, EINVAL, ""), "hostname \"web\": Invalid argument");
  EXPECT_EQ(failure(Directory{.path = "/srv"}, EACCES, "/srv"), "working directory \"/srv\": Permission denied");
  EXPECT_EQ(failure(Credentials{.uid = 7, .gid = 8}, EINVAL, ""), "user 7:8: Invalid argument");
  EXPECT_EQ(failure(Root{.path = "/b/rootfs"}, ENOTDIR, ""), "root filesystem \"/b/rootfs\": Not a directory");
  EXPECT_EQ(failure(Device{.path = "/dev/x"}, EPERM, "/dev/x"), "device \"/dev/x\": Operation not permitted");
  EXPECT_EQ(failure(JoinPaths{.types = {CLONE_NEWNET}, .paths = {"/run/x"}}, EINVAL, "/run/x"),
            "join network namespace \"/run/x\": Invalid argument");
  EXPECT_EQ(failure(Fork{.namespaces = CLONE_NEWPID | CLONE_NEWNS}, ENOSPC, ""),
            "make the container's first process in new pid, mount namespaces: No space left on device");
  EXPECT_EQ(failure(Propagation{.flags = MS_SLAVE | MS_REC}, EINVAL, ""), "propagation of \"/\": rslave: Invalid argument");
  EXPECT_EQ(failure(Meet{.point = static_cast<std::uint64_t>(wire::Point::placed)}, EPIPE, ""),
            "wait for the host: placed: Broken pipe");
  EXPECT_EQ(failure(Tell{.point = static_cast<std::uint64_t>(wire::Point::ready)}, EAGAIN, "the question to the host"),
            "tell the host: ready: the question to the host: Resource temporarily unavailable");
  EXPECT_EQ(failure(Await{.point = static_cast<std::uint64_t>(wire::Point::ready)}, EPROTO, "the host's answer"),
            "wait for the host: ready: the host's answer: Protocol error");
}

TEST(Failure, ToEnterACgroupNamesTheCgroupOnly) {
  constexpr auto kPlaced = static_cast<std::uint64_t>(wire::Point::placed);
  for (const Step& step : {Step(Meet{.point = kPlaced}), Step(Await{.point = kPlaced})})
    EXPECT_EQ(failure(step, EINVAL, R"(cgroup "/x" in /sys/fs/cgroup/pids)"),
              R"(cgroup "/x" in /sys/fs/cgroup/pids: the process cannot join: Invalid argument)");
}

// podman takes such phrases anywhere in an error for a program that cannot be run, and a path in back quotes for a label.
TEST(Failure, OfSettingsAndLabelsHasNoWordsOfAMissingProgram) {
  EXPECT_EQ(failure(Sysctl{.path = "net/x", .value = "1"}, ENOENT, ""), "sysctl \"net/x\": this kernel has no such setting");
  EXPECT_EQ(failure(Sysctl{.path = "net/x", .value = "1"}, EACCES, ""), "sysctl \"net/x\": it cannot be changed from here");
  EXPECT_EQ(failure(Sysctl{.path = "net/x", .value = "1"}, EINVAL, ""), "sysctl \"net/x\": Invalid argument");
  EXPECT_EQ(failure(Apparmor{.profile = "p"}, ENOENT, "write to `/proc/thread-self/attr/apparmor/exec`"),
            "AppArmor profile \"p\": write to `/proc/thread-self/attr/apparmor/exec`: the profile is not loaded");
  EXPECT_EQ(failure(Selinux{.label = "l"}, EACCES, "write to `/proc/thread-self/attr/exec`"),
            "SELinux label \"l\": write to `/proc/thread-self/attr/exec`: the security module refuses it");
  EXPECT_EQ(failure(Keyring{.name = "_ses.x"}, EDQUOT, ""),
            "session keyring \"_ses.x\": the user has too many (see /proc/key-users and the sysctls in kernel/keys)");
}

TEST(Failure, OfRecursiveOptionsNamesTheKernelThatHasThem) {
  EXPECT_EQ(failure(Mount{.source = "/srv", .target = "/a", .flags = wire::kBind, .recursive_set = MOUNT_ATTR_RDONLY}, ENOSYS,
                    "its options"),
            "bind mount \"/srv\" on \"/a\": its options: options for all mounts below (rro and the like) need Linux 5.12");
}

TEST(Failure, StaysOnOneLineWhateverANameHolds) {
  EXPECT_EQ(failure(Hostname{.name = "a\nb\"c"}, EINVAL, ""), "hostname \"a\\nb\\\"c\": Invalid argument");
}

TEST(ProgramFailure, HasTheWordsThatCallersMatch) {
  EXPECT_EQ(failure(program("nope"), ENOENT, "nope"), "exec: \"nope\": executable file not found in $PATH");
  EXPECT_EQ(failure(program("nope"), ENOENT, ""), "exec: \"nope\": executable file not found in $PATH");
  EXPECT_EQ(failure(program("/nope"), ENOENT, "/nope"), "exec: \"/nope\": no such file or directory");
  EXPECT_EQ(failure(program("/etc/passwd"), EACCES, "/etc/passwd"), "exec: \"/etc/passwd\": permission denied");
  EXPECT_EQ(failure(program("/x"), EISDIR, "/x"), "exec: \"/x\": is a directory: permission denied");
  EXPECT_EQ(failure(program("/x/y"), ENOTDIR, "/x/y"), "exec: \"/x/y\": not a directory: no such file or directory");
  EXPECT_EQ(failure(Exec{}, EPERM, "/x"), "exec: \"/x\": operation not permitted");
  EXPECT_EQ(failure(Exec{}, ENOENT, "/x"), "exec: \"/x\": its interpreter is missing: no such file or directory");
  EXPECT_THAT(failure(Exec{}, ENOEXEC, "/x"), ::testing::StartsWith("exec: \"/x\": exec format error: "));
  EXPECT_EQ(failure(Program{.module = "run.oci.handler=wasm"}, ENOEXEC, "/x"),
            "exec: \"/x\": not a WebAssembly module, which the annotation run.oci.handler=wasm says it is");
  EXPECT_EQ(failure(Exec{}, E2BIG, "/x"), "exec: \"/x\": Argument list too long");
  EXPECT_EQ(failure(Exec{}, ENOMEM, ""), "exec: Cannot allocate memory");
}

TEST(ProgramFailure, Gives127ForMissingAnd126ForNotExecutable) {
  for (const int error : {ENOENT, ENOTDIR}) EXPECT_EQ(failure_exit_code(program("x"), error), 127);
  for (const int error : {EACCES, EPERM, EISDIR, ENOEXEC}) EXPECT_EQ(failure_exit_code(Exec{}, error), 126);
  EXPECT_EQ(failure_exit_code(Exec{}, ENOMEM), 1);
}

TEST(Words, SetsOfBitsAreRanges) {
  EXPECT_EQ(bits_text({0x8f}), "0-3,7");
  EXPECT_EQ(bits_text({1ULL << 63, 1}), "63-64");
  EXPECT_EQ(bits_text({0, 5}), "64,66");
  EXPECT_EQ(bits_text({}), "");
}

TEST(Words, OfSchedulersSayWhatIsNotTheDefault) {
  EXPECT_EQ(scheduler_text({.policy = 0}), "SCHED_OTHER");
  EXPECT_EQ(scheduler_text({.policy = 3, .nice = -5, .flags = 1}), "SCHED_BATCH, nice -5, SCHED_FLAG_RESET_ON_FORK");
  EXPECT_EQ(scheduler_text({.policy = 1, .priority = 7}), "SCHED_FIFO, priority 7");
  EXPECT_EQ(scheduler_text({.policy = 6, .runtime = 1, .deadline = 2, .period = 3}),
            "SCHED_DEADLINE, runtime 1 ns, deadline 2 ns, period 3 ns");
}

TEST(Words, OfMemoryPoliciesAreTheModeAndItsFlags) {
  EXPECT_EQ(memory_policy_name(2), "MPOL_BIND");
  EXPECT_EQ(memory_policy_name(6 | 1 << 15 | 1 << 13), "MPOL_WEIGHTED_INTERLEAVE, MPOL_F_NUMA_BALANCING, MPOL_F_STATIC_NODES");
}

TEST(Failure, OfAnyOtherStepIsOne) {
  EXPECT_EQ(failure_exit_code(Mount{}, ENOENT), 1);
  EXPECT_EQ(failure_exit_code(Directory{}, EACCES), 1);
}

}  // namespace
}  // namespace crumb::plan
