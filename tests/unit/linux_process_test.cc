// Processes seen from outside: who is who, waiting, signals, limits, and how crumb-init is started.
#include "linux/process.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <thread>

#include "linux/executable.h"
#include "linux/memory_file.h"
#include "linux_support.h"

namespace crumb::linux {
namespace {

using crumb::testing::content;
using crumb::testing::error_of;
using crumb::testing::run_child;
using crumb::testing::Sleeper;
using crumb::testing::start_child;
using crumb::testing::status_of;
using ::testing::EndsWith;
using ::testing::StartsWith;

constexpr int kNobody = 0x3ffffff;  // above every pid_max

// Ended but not reaped.
class Zombie {
 public:
  Zombie() : pid_(start_child([] { return 0; })) {
    siginfo_t info;
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  ~Zombie() { waitpid(pid_, nullptr, 0); }
  Zombie(const Zombie&) = delete;
  Zombie& operator=(const Zombie&) = delete;
  int pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(StartTime, IsTheSameForAsLongAsTheProcessLives) {
  const Sleeper process;
  const std::optional<std::uint64_t> first = start_time(process.pid());
  ASSERT_TRUE(first);
  usleep(30000);
  EXPECT_EQ(start_time(process.pid()), first);
  EXPECT_GE(*first, *start_time(getpid()));
}

TEST(StartTime, OfAProcessThatIsGoneOrAZombieThereIsNone) {
  const Zombie zombie;
  EXPECT_FALSE(start_time(zombie.pid()));
  EXPECT_FALSE(start_time(kNobody));
}

TEST(StartTime, AProgramsNameCannotForgeIt) {
  const std::optional<std::uint64_t> honest = start_time(getpid());
  char before[16];
  prctl(PR_GET_NAME, before);
  prctl(PR_SET_NAME, ") Z 1 2 3 4 5");
  EXPECT_EQ(start_time(getpid()), honest);
  prctl(PR_SET_NAME, before);
}

TEST(StartTime, AProgramWhoseFirstThreadHasLeftStillRuns) {
  const pid_t child = start_child([] {
    std::thread([] {
      for (;;) pause();
    }).detach();
    syscall(SYS_exit, 0);  // of this thread alone
    return 0;
  });
  const std::string stat = fmt::format("/proc/{}/stat", child);
  while (content(stat).find(") Z ") == std::string::npos) usleep(1000);
  EXPECT_TRUE(start_time(child));
  ::kill(child, SIGKILL);
  status_of(child);
}

TEST(Process, IsFoundByNumberAndStartTime) {
  const Sleeper process;
  const std::optional<std::uint64_t> start = start_time(process.pid());
  ASSERT_TRUE(Process::find(process.pid(), *start));
  EXPECT_EQ(Process::find(process.pid(), *start)->pid(), process.pid());
}

TEST(Process, AnotherOneWithItsNumberIsNotIt) {
  const Sleeper process;
  EXPECT_FALSE(Process::find(process.pid(), *start_time(process.pid()) + 1));
}

TEST(Process, NumbersOfNobodyFindNothing) {
  for (const int pid : {0, -1, kNobody}) EXPECT_FALSE(Process::find(pid, 0)) << pid;
}

TEST(Process, AThreadIsNoProcess) {
  std::atomic<int> thread = 0;
  std::atomic<bool> done = false;
  std::thread runner([&] {
    thread = gettid();
    while (!done) usleep(1000);
  });
  while (thread == 0) usleep(1000);
  EXPECT_FALSE(Process::find(thread, start_time(thread).value_or(0)));
  done = true;
  runner.join();
}

TEST(Process, ASignalReachesIt) {
  Sleeper process;
  EXPECT_TRUE(Process::find(process.pid(), *start_time(process.pid()))->send_signal(SIGUSR1));
  EXPECT_EQ(process.end(), 128 + SIGUSR1);
}

TEST(Process, ASignalToOneThatHasBeenReapedSaysSo) {
  Sleeper process;
  const std::optional<Process> found = Process::find(process.pid(), *start_time(process.pid()));
  ::kill(process.pid(), SIGKILL);
  process.end();
  EXPECT_FALSE(found->send_signal(SIGKILL));
}

TEST(Process, TheEndIsWaitedFor) {
  const Sleeper process;
  const std::optional<Process> found = Process::find(process.pid(), *start_time(process.pid()));
  EXPECT_FALSE(found->wait_end(20));
  found->send_signal(SIGKILL);
  EXPECT_TRUE(found->wait_end(-1));
}

TEST(Reap, GivesTheExitCodeOr128AndTheSignal) {
  EXPECT_EQ(reap(start_child([] { return 42; })), 42);
  const pid_t killed = start_child([] { return raise(SIGTERM); });
  EXPECT_EQ(reap(killed), 128 + SIGTERM);
}

TEST(Reap, OfSomebodyElsesChildIsAnError) {
  EXPECT_THAT(error_of([] { reap(1); }), StartsWith("wait for process 1: "));
}

// A child that plays crumb in the foreground: its own child leaves with 42 on SIGUSR1 and with 9 on a signal that is not for
// it.
pid_t start_forwarder() {
  return start_child([] {
    const pid_t inner = start_child([] {
      static volatile sig_atomic_t code = 0;
      signal(SIGUSR1, [](int) { code = 42; });
      signal(SIGURG, [](int) { code = 9; });
      signal(SIGCHLD, [](int) { code = 9; });
      while (code == 0) usleep(1000);
      return static_cast<int>(code);
    });
    start_child([] { return 3; });  // another child, which ends meanwhile
    return reap_forwarding_signals(inner);
  });
}

TEST(ReapForwardingSignals, HandsThemToTheChildAndGivesItsExitCode) {
  const pid_t forwarder = start_forwarder();
  usleep(100000);
  ::kill(forwarder, SIGURG);
  ::kill(forwarder, SIGCHLD);
  usleep(100000);
  ::kill(forwarder, SIGUSR1);
  EXPECT_EQ(WEXITSTATUS(status_of(forwarder)), 42);
}

TEST(ReapForwardingSignals, SignalsOfJobControlAreForTheChildToo) {
  const pid_t forwarder = start_child([] {
    const pid_t inner = start_child([] {
      // By itself the kernel stops nobody whose process group is orphaned, as that of a test runner may be.
      signal(SIGTSTP, [](int) { raise(SIGSTOP); });
      for (;;) pause();
      return 0;
    });
    start_child([inner] {
      while (content(fmt::format("/proc/{}/stat", inner)).find(") T ") == std::string::npos) usleep(1000);
      return ::kill(inner, SIGKILL);
    });
    return reap_forwarding_signals(inner);
  });
  usleep(100000);
  ::kill(forwarder, SIGTSTP);
  EXPECT_EQ(WEXITSTATUS(status_of(forwarder)), 128 + SIGKILL);
}

TEST(ReapForwardingSignals, OfSomebodyElsesChildIsAnError) {
  EXPECT_EQ(
      run_child([] { return error_of([] { reap_forwarding_signals(1); }) == "process 1 is not a child of crumb" ? 0 : 1; }), 0);
}

TEST(Limits, AreSetOnAnotherProcess) {
  const Sleeper process;
  set_limits(process.pid(), {{RLIMIT_CORE, 11, 12}, {RLIMIT_NOFILE, 33, 44}});
  rlimit limit{};
  ASSERT_EQ(prlimit(process.pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 33U);
  EXPECT_EQ(limit.rlim_max, 44U);
}

TEST(Limits, OneThatIsRefusedIsNamed) {
  const Sleeper process;
  EXPECT_EQ(error_of([&] { set_limits(process.pid(), {{RLIMIT_NOFILE, 10, 5}}); }),
            "process.rlimits: RLIMIT_NOFILE soft 10 hard 5: Invalid argument");
}

TEST(OomScoreAdj, IsSetOnAnotherProcess) {
  const Sleeper process;
  set_oom_score_adj(process.pid(), 500);
  EXPECT_EQ(content(fmt::format("/proc/{}/oom_score_adj", process.pid())), "500\n");
  EXPECT_EQ(error_of([&] { set_oom_score_adj(process.pid(), 1001); }), "process.oomScoreAdj: 1001: Invalid argument");
}

TEST(Namespaces, OfAnOrdinaryChildAreNotForeign) {
  const Sleeper process;
  EXPECT_EQ(foreign_namespaces(process.pid()), 0U);
}

TEST(Namespaces, ThoseThatAProcessLeftAreForeign) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const crumb::testing::Pipe ready;
  const pid_t child = start_child([&] {
    if (unshare(CLONE_NEWUTS | CLONE_NEWIPC) < 0 || !ready.signal()) return 1;
    for (;;) pause();
  });
  ASSERT_TRUE(ready.wait());
  EXPECT_EQ(foreign_namespaces(child), static_cast<std::uint64_t>(CLONE_NEWUTS | CLONE_NEWIPC));
  ::kill(child, SIGKILL);
  status_of(child);
}

TEST(Namespaces, OfAProcessThatHasEndedAreAnErrorInOurWords) {
  EXPECT_EQ(error_of([] { foreign_namespaces(kNobody); }), fmt::format("user namespace of process {}: it has ended", kNobody));
}

class Spawn : public ::testing::Test {
 protected:
  static int shell(const std::string& script, const std::vector<int>& inherited = {}) {
    const Fd program = open_executable("/bin/sh");
    return spawn(program.get(), {"sh", "-c", script}, inherited);
  }
};

TEST_F(Spawn, RunsTheProgramWithItsArguments) {
  EXPECT_EQ(reap(shell("exit 7")), 7);
  EXPECT_EQ(reap(shell("kill -KILL $$")), 128 + SIGKILL);
}

TEST_F(Spawn, OnlyTheNamedDescriptorsAreInheritedUnderTheirNumbers) {
  const Fd kept = sealed_memory_file("kept", "text"), closed = sealed_memory_file("closed", "text");
  const std::string script = fmt::format(
      "[ -e /proc/self/fd/{} ] || exit 1; [ ! -e /proc/self/fd/{} ] || exit 2; read -r word </proc/self/fd/{}; "
      "[ \"$word\" = text ] || exit 3",
      kept.get(), closed.get(), kept.get());
  EXPECT_EQ(reap(shell(script, {kept.get()})), 0);
  EXPECT_EQ(fcntl(kept.get(), F_GETFD), FD_CLOEXEC) << "here it is as it was";
}

TEST_F(Spawn, TheEnvironmentIsEmpty) {
  ASSERT_EQ(setenv("CRUMB_TEST_SECRET", "x", 1), 0);
  EXPECT_EQ(reap(shell("[ -z \"$CRUMB_TEST_SECRET\" ]")), 0);
  unsetenv("CRUMB_TEST_SECRET");
}

TEST_F(Spawn, SignalsThatCrumbBlocksReachTheChild) {
  EXPECT_EQ(run_child([] {
              sigset_t all;
              sigfillset(&all);
              sigprocmask(SIG_BLOCK, &all, nullptr);
              return reap(shell("kill -TERM $$; exit 1"));
            }),
            128 + SIGTERM);
}

// As a shell with `trap '' CHLD` and many a daemon start their programs.
TEST_F(Spawn, TheExitCodeIsKnownEvenWhereTheCallerIgnoresSigchld) {
  EXPECT_EQ(run_child([] {
              signal(SIGCHLD, SIG_IGN);
              return reap(shell("exit 5"));
            }),
            5);
}

TEST_F(Spawn, WhatCannotBeExecutedIsAnErrorAndLeavesNoProcess) {
  const Fd junk = sealed_memory_file("junk", "not a program", true);
  EXPECT_EQ(error_of([&] { spawn(junk.get(), {"crumb-init"}, {}); }), "execute crumb-init: Exec format error");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Spawn, ADescriptorThatIsNotOpenIsAnError) {
  EXPECT_EQ(error_of([] { shell("exit 0", {1000}); }), "execute sh: Bad file descriptor");
}

#ifdef CRUMB_SEAM
TEST(Process, IsNeverTakenForDeadBecauseCrumbCouldNotLook) {
  const Sleeper process;
  const std::uint64_t start = *start_time(process.pid());
  for (const char* rules : {"pidfd_open=EMFILE", "openat=EMFILE", "read=EIO"})
    EXPECT_NE(crumb::testing::error_under(rules, [&] { Process::find(process.pid(), start); }), "") << rules;
}
#endif

}  // namespace
}  // namespace crumb::linux
