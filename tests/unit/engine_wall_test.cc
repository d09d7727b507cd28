// The filter of the engine's second wall, run by an interpreter of BPF, for each policy and each number of a call.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstring>
#include <set>
#include <vector>

#include "engine/wall_filter.h"

namespace crumb::engine {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr std::uint32_t kProcess = 4711, kLeftItsBounds = 0xdead;

// What the kernel would do (Documentation/userspace-api/seccomp_filter.rst).
std::uint32_t evaluate(const WallFilter& filter, const seccomp_data& data) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < filter.size; ++at) {
    const sock_filter& instruction = filter.code[at];
    bool is_true = false;
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + instruction.k, sizeof a);
        continue;
      case BPF_RET | BPF_K:
        return instruction.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        is_true = a == instruction.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        is_true = a >= instruction.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        is_true = (a & instruction.k) != 0;
        break;
      default:
        return kLeftItsBounds;
    }
    at += is_true ? instruction.jt : instruction.jf;
  }
  return kLeftItsBounds;
}

constexpr WallPolicy kNothing = {};
constexpr WallPolicy kReader = {.reads_files = true};
constexpr WallPolicy kWriter = {.reads_files = true, .writes_files = true};
constexpr WallPolicy kThreads = {.threads = true};
constexpr WallPolicy kListener = {.sockets = true};
constexpr WallPolicy kNetwork = {.reads_files = true, .sockets = true, .new_sockets = true};
constexpr WallPolicy kEverything = {true, true, true, true, true};

std::uint32_t verdict(const WallPolicy& policy, long call, std::vector<std::uint64_t> arguments = {}) {
  seccomp_data data = {static_cast<int>(call), kArchitecture};
  std::copy(arguments.begin(), arguments.end(), data.args);
  return evaluate(wall_filter(policy, kProcess), data);
}

// Which calls, with their arguments all zero, are allowed.
std::set<long> allowed(const WallPolicy& policy) {
  std::set<long> calls;
  for (long call = 0; call < 1000; ++call)
    if (verdict(policy, call) == kWallAllows) calls.insert(call);
  return calls;
}

std::set<long> added(const WallPolicy& policy, const WallPolicy& base = kNothing) {
  std::set<long> calls = allowed(policy);
  for (const long call : allowed(base)) calls.erase(call);
  return calls;
}

TEST(Wall, EveryNumberHasAVerdict) {
  for (const WallPolicy& policy : {kNothing, kReader, kWriter, kThreads, kListener, kNetwork, kEverything})
    for (long call = -2; call < 2000; ++call) EXPECT_NE(verdict(policy, call), kLeftItsBounds) << call;
}

TEST(Wall, ACallThatNobodyForesawIsStopped) {
  for (const long call : {999L, 1L << 20, 0x40000000L, 0x40000000L | SYS_read, -1L})
    EXPECT_EQ(verdict(kEverything, call), kWallStops) << call;
}

TEST(Wall, ACallOfAnotherArchitectureEndsTheProcess) {
  const seccomp_data data = {SYS_getpid, AUDIT_ARCH_I386};
  EXPECT_EQ(evaluate(wall_filter(kEverything, kProcess), data), kWallKills);
}

TEST(Wall, NoPolicyGivesMoreThanAllTogether) {
  const std::set<long> everything = allowed(kEverything);
  for (const WallPolicy& policy : {kNothing, kReader, kWriter, kThreads, kListener, kNetwork})
    for (const long call : allowed(policy)) EXPECT_TRUE(everything.contains(call)) << call;
}

TEST(Wall, NativeCodeEndsTheProcess) {
  for (const WallPolicy& policy : {kNothing, kEverything}) {
    EXPECT_EQ(verdict(policy, SYS_execve), kWallKills);
    EXPECT_EQ(verdict(policy, SYS_execveat), kWallKills);
    for (const long call : {SYS_mmap, SYS_mprotect}) {
      EXPECT_EQ(verdict(policy, call, {0, 4096, PROT_READ | PROT_WRITE}), kWallAllows);
      EXPECT_EQ(verdict(policy, call, {0, 4096, PROT_EXEC}), kWallKills);
      EXPECT_EQ(verdict(policy, call, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}), kWallKills);
    }
    EXPECT_EQ(verdict(policy, SYS_pkey_mprotect), kWallKills);
  }
}

TEST(Wall, WhatReachesTheKernelOrOtherProcessesIsStopped) {
  for (const long call : {SYS_process_vm_readv,
                          SYS_process_vm_writev,
                          SYS_pidfd_open,
                          SYS_pidfd_getfd,
                          SYS_kill,
                          SYS_bpf,
                          SYS_io_uring_setup,
                          SYS_userfaultfd,
                          SYS_perf_event_open,
                          SYS_unshare,
                          SYS_setns,
                          SYS_mount,
                          SYS_umount2,
                          SYS_fsopen,
                          SYS_open_tree,
                          SYS_pivot_root,
                          SYS_chroot,
                          SYS_open_by_handle_at,
                          SYS_name_to_handle_at,
                          SYS_openat2,
                          SYS_memfd_create,
                          SYS_personality,
                          SYS_keyctl,
                          SYS_add_key,
                          SYS_init_module,
                          SYS_reboot,
                          SYS_setuid,
                          SYS_capset,
                          SYS_seccomp,
                          SYS_mknodat,
                          SYS_fchmodat,
                          SYS_fchownat,
                          SYS_socketpair,
                          SYS_dup,
                          SYS_dup3})
    EXPECT_EQ(verdict(kEverything, call), kWallStops) << call;
  if (!kSanitized) {
    EXPECT_EQ(verdict(kEverything, SYS_ptrace), kWallStops);
    EXPECT_EQ(verdict(kEverything, SYS_prctl), SECCOMP_RET_ERRNO | EINVAL);
  }
}

TEST(Wall, OnlyTheOwnProcessGetsSignals) {
  EXPECT_EQ(verdict(kEverything, SYS_tgkill, {kProcess, 1, SIGABRT}), kWallAllows);
  EXPECT_EQ(verdict(kEverything, SYS_tgkill, {kProcess + 1, 1, SIGABRT}), kWallStops);
}

TEST(Wall, LimitsAreReadAndNotSet) {
  EXPECT_EQ(verdict(kNothing, SYS_prlimit64, {0, 3, 0, 0x1000}), kWallAllows);
  EXPECT_EQ(verdict(kNothing, SYS_prlimit64, {0, 3, 0x1000, 0}), kWallStops);
  EXPECT_EQ(verdict(kNothing, SYS_prlimit64, {0, 3, std::uint64_t{1} << 32, 0}), kWallStops);
}

TEST(Wall, ControlOfDescriptorsIsThatOfWasi) {
  EXPECT_EQ(verdict(kNothing, SYS_fcntl, {1, F_SETFL}), kWallAllows);
  for (const int command : {F_SETOWN, F_SETSIG, F_SETLEASE, F_ADD_SEALS, F_DUPFD, F_SETPIPE_SZ})
    EXPECT_EQ(verdict(kEverything, SYS_fcntl, {1, static_cast<std::uint64_t>(command)}), SECCOMP_RET_ERRNO | EINVAL);
  EXPECT_EQ(verdict(kNothing, SYS_ioctl, {1, FIONREAD}), kWallAllows);
  for (const unsigned command : {TIOCSTI, TIOCSCTTY, TIOCLINUX, TIOCSETD})
    EXPECT_EQ(verdict(kEverything, SYS_ioctl, {1, command}), SECCOMP_RET_ERRNO | ENOTTY);
}

TEST(Wall, WithoutDirectoriesNothingIsOpened) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reads files";
  for (const long call :
       {SYS_openat, SYS_readlinkat, SYS_getcwd, SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat})
    EXPECT_EQ(verdict(kNothing, call), kWallRefuses) << call;
}

TEST(Wall, WithReadOnlyDirectoriesNothingIsWritten) {
  EXPECT_EQ(verdict(kReader, SYS_openat, {0, 0, O_RDONLY | O_DIRECTORY | O_CLOEXEC}), kWallAllows);
  for (const int flags : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE | O_RDWR})
    EXPECT_EQ(verdict(kReader, SYS_openat, {0, 0, static_cast<std::uint64_t>(flags)}), kWallRefuses) << flags;
  for (const long call : {SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat}) {
    EXPECT_EQ(verdict(kReader, call), kWallRefuses) << call;
    EXPECT_EQ(verdict(kWriter, call), kWallAllows) << call;
  }
  EXPECT_EQ(verdict(kWriter, SYS_openat, {0, 0, O_RDWR | O_CREAT | O_TRUNC}), kWallAllows);
}

TEST(Wall, TimesOfAFileThatIsOpenAreSetEverywhere) {
  EXPECT_EQ(verdict(kNothing, SYS_utimensat, {1, 0}), kWallAllows);
  EXPECT_EQ(verdict(kReader, SYS_utimensat, {1, 0x1000}), kWallRefuses);
  EXPECT_EQ(verdict(kWriter, SYS_utimensat, {1, 0x1000}), kWallAllows);
}

TEST(Wall, ThreadsAreThreads) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer starts a process that looks for leaks";
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |
                                    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  EXPECT_EQ(verdict(kThreads, SYS_clone, {kThread}), kWallAllows);
  EXPECT_EQ(verdict(kNothing, SYS_clone, {kThread}), kWallStops);
  EXPECT_EQ(verdict(kThreads, SYS_clone3), SECCOMP_RET_ERRNO | ENOSYS);  // so that glibc calls clone
  for (const std::uint64_t flags : {std::uint64_t{SIGCHLD}, std::uint64_t{CLONE_VM | CLONE_VFORK | SIGCHLD},
                                    kThread | CLONE_NEWUSER, kThread | CLONE_NEWNET, kThread | CLONE_PTRACE})
    EXPECT_EQ(verdict(kThreads, SYS_clone, {flags}), kWallStops) << flags;
}

TEST(Wall, TheHandlerOfStoppedCallsStays) {
  EXPECT_EQ(verdict(kThreads, SYS_rt_sigaction, {SIGSEGV}), kWallAllows);
  EXPECT_EQ(verdict(kThreads, SYS_rt_sigaction, {SIGSYS}), kWallStops);
}

TEST(Wall, SocketsAreThoseOfThePolicy) {
  for (const long call : {SYS_accept4, SYS_recvfrom, SYS_sendto, SYS_shutdown, SYS_getsockopt, SYS_setsockopt}) {
    EXPECT_EQ(verdict(kNothing, call), kWallRefuses) << call;
    EXPECT_EQ(verdict(kListener, call), kWallAllows) << call;
  }
  EXPECT_EQ(verdict(kListener, SYS_socket), kWallStops);
  EXPECT_EQ(verdict(kListener, SYS_connect), kWallRefuses);
  EXPECT_EQ(verdict(kListener, SYS_bind), kWallRefuses);
  for (const long call : {SYS_socket, SYS_connect, SYS_bind, SYS_listen})
    EXPECT_EQ(verdict(kNetwork, call), kWallAllows) << call;
}

TEST(Wall, ThreadsAddNothingButThreads) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has threads";
  std::set<long> expected = {SYS_rseq, SYS_rt_sigaction, SYS_sched_getaffinity, SYS_set_robust_list};
  EXPECT_EQ(added(kThreads), expected);
}

}  // namespace
}  // namespace crumb::engine
