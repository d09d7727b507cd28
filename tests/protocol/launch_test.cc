// crumb-init as a process: what it inherits, who is reaped, what is left when it or the host gives up. This test program is the
// init: started as "crumb-init" it plays the part that the Plan's one step, a hostname, asks for.
#include "container/launch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/call.h"
#include "linux/directory.h"
#include "linux/process.h"
#include "plan/wire.h"
#include "support/error.h"
#include "support/file.h"
#include "wire/protocol.h"

namespace crumb::container {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using wire::Message;
using wire::Point;

constexpr rlim_t kFewSignals = 77;

// ---- the init

class FakeInit {
 public:
  explicit FakeInit(int sync) : sync_(sync) {}

  void say(Point point, std::uint64_t value = 0, const std::string& text = "", int descriptor = -1) {
    Message message;
    message.point = point;
    message.value = value;
    message.error = point == Point::failed ? EIO : 0;
    text.copy(message.text, sizeof message.text - 1);
    iovec part{&message, sizeof message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (descriptor >= 0) {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    }
    if (::sendmsg(sync_, &header, MSG_NOSIGNAL) < 0) ::_exit(90);
  }

  // The answer's first descriptors, engine and options. Leaves as init does when the host says so or is gone.
  std::vector<int> hear(Point point) {
    Message message;
    iovec part{&message, sizeof message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (::recvmsg(sync_, &header, 0) != sizeof message || message.point != point || message.error != 0) ::_exit(91);
    std::vector<int> descriptors;
    if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) {
      descriptors.resize((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(descriptors.data(), CMSG_DATA(rights), descriptors.size() * sizeof(int));
    }
    return descriptors;
  }

  void meet(Point point) {
    say(point);
    hear(point);
  }

  // The child goes on when the first stage has reported it, which then leaves (or not).
  void fork(bool first_stage_leaves = true) {
    int reported[2];
    if (::pipe2(reported, O_CLOEXEC) != 0) ::_exit(93);
    const long pid = kernel::clone(CLONE_PARENT | SIGCHLD);
    if (pid == 0) {
      ::close(reported[1]);
      char nothing = 0;
      if (::read(reported[0], &nothing, 1) != 0) ::_exit(94);
      return;
    }
    say(Point::pid, static_cast<std::uint64_t>(pid));
    ::close(reported[1]);
    while (!first_stage_leaves) ::pause();
    ::_exit(0);
  }

 private:
  int sync_;
};

std::string open_descriptors() {
  std::string list;
  const Fd directory(kernel::openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const linux::Entry& entry : linux::entries(directory.get(), "/proc/self/fd"))
    if (entry.name != std::to_string(directory.get())) list += entry.name + " ";
  return list;
}

int file_holding(std::string_view bytes) {
  const int file = ::memfd_create("module", 0);
  if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) ::_exit(92);
  return file;
}

void ask_about(FakeInit& init, std::string_view module) {
  init.fork();
  init.meet(Point::placed);
  const int file = file_holding(module);
  init.say(Point::program, static_cast<std::uint64_t>(file), "/app.wasm", file);
  const std::vector<int> answer = init.hear(Point::program);
  std::string options = answer.size() == 2 ? read_all(answer[1], "options") : "no two descriptors";
  for (char& c : options) c = c == '\0' ? ' ' : c;
  init.say(Point::failed, 0, options);
  ::_exit(1);
}

// Asks nothing, and looks whether what is told is done.
void await_placed(FakeInit& init) {
  init.hear(Point::placed);
  rlimit limit{};
  if (::getrlimit(RLIMIT_SIGPENDING, &limit) != 0 || limit.rlim_max != kFewSignals) ::_exit(95);
  init.meet(Point::ready);
  ::_exit(7);
}

using namespace std::string_view_literals;

const std::map<std::string, void (*)(FakeInit&)>& parts() {
  static const std::map<std::string, void (*)(FakeInit&)> all{
      {"keeps to the protocol",
       [](FakeInit& init) {
         init.fork();
         init.meet(Point::placed);
         init.meet(Point::ready);
         ::_exit(7);
       }},
      {"is the first process",
       [](FakeInit& init) {
         init.meet(Point::placed);
         init.meet(Point::ready);
         ::_exit(::getpid() == 1 ? 7 : 8);
       }},
      {"awaits placed",
       [](FakeInit& init) {
         init.fork();
         await_placed(init);
       }},
      {"is the first process and awaits placed", await_placed},
      {"fails before it is placed",
       [](FakeInit& init) {
         init.fork();
         init.say(Point::failed);
         ::_exit(1);
       }},
      {"leaves at once", [](FakeInit&) { ::_exit(3); }},
      {"is killed after placed",
       [](FakeInit& init) {
         init.fork();
         init.meet(Point::placed);
         ::raise(SIGKILL);
       }},
      {"reports a foreign process",
       [](FakeInit& init) {
         init.say(Point::pid, 1);
         for (;;) ::pause();
       }},
      {"has a first stage that stays",
       [](FakeInit& init) {
         init.fork(false);
         init.meet(Point::placed);
         init.meet(Point::ready);
         ::_exit(7);
       }},
      {"fails and stays",
       [](FakeInit& init) {
         init.fork();
         init.meet(Point::placed);
         init.say(Point::failed);
         for (;;) ::pause();
       }},
      {"shows its descriptors", [](FakeInit& init) { init.say(Point::failed, 0, open_descriptors()); }},
      {"has a terminal",
       [](FakeInit& init) {
         init.fork();
         init.meet(Point::placed);
         const int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY);
         init.say(Point::console, 0, "", master);
         init.hear(Point::console);
         init.meet(Point::ready);
         ::_exit(7);
       }},
      {"has hooks",
       [](FakeInit& init) {
         init.fork();
         init.meet(Point::placed);
         init.meet(Point::mounted);
         init.meet(Point::ready);
         ::_exit(7);
       }},
      {"asks about a module", [](FakeInit& init) { ask_about(init, "\0asm\1\0\0\0"sv); }},
      {"asks about a component", [](FakeInit& init) { ask_about(init, "\0asm\x0d\0\1\0"sv); }},
  };
  return all;
}

__attribute__((constructor)) void become_init(int count, char** arguments, char**) {
  if (count != 2 || std::string_view(arguments[0]) != "crumb-init") return;
  plan::Descriptors numbers;
  const int memory = std::atoi(arguments[1]);
  const std::vector<plan::Step> steps = plan::decode(read_all(memory, "plan"), &numbers);
  ::close(memory);
  FakeInit init(numbers.sync);
  parts().at(std::get<plan::Hostname>(steps.at(0)).name)(init);
  ::_exit(1);
}

// ---- the host

class Launching : public ::testing::Test {
 protected:
  Launching() {
    runtime_.init_path = "/proc/self/exe";
    runtime_.engine_path = "/proc/self/exe";
  }
  ~Launching() override { EXPECT_TRUE(::waitpid(-1, nullptr, __WALL | WNOHANG) < 0 && errno == ECHILD) << "a child is left"; }

  void plan_for(const std::string& part) { plan_.steps = {plan::Hostname{part}}; }

  // A Plan whose init does not ask whether it is placed.
  void plan_to_tell(const std::string& part) {
    plan_.steps = {plan::Hostname{part}, plan::Await{.point = static_cast<std::uint64_t>(Point::placed)}};
    plan_.host.rlimits = {{RLIMIT_SIGPENDING, kFewSignals, kFewSignals}};
  }

  void prepare(Launch& launch) {
    launch.prepare({[this](int pid) { born_ = pid; }, [this](int pid) { ready_ = pid; }});
  }

  std::string error_of(const std::string& part, const Launch::Inheritance& inheritance = {}) {
    plan_for(part);
    try {
      Launch launch(runtime_, plan_, inheritance);
      prepare(launch);
    } catch (const Error& error) {
      exit_code_ = error.exit_code();
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  Runtime runtime_;
  plan::Plan plan_;
  int born_ = 0, ready_ = 0, exit_code_ = 0;
};

TEST_F(Launching, LeavesTheContainersProcessToItsCallerAndReapsTheFirstStage) {
  plan_for("keeps to the protocol");
  int pid = 0;
  {
    Launch launch(runtime_, plan_, {});
    prepare(launch);
    launch.release();
    pid = launch.pid();
  }
  EXPECT_EQ(born_, pid);
  EXPECT_EQ(ready_, pid);
  EXPECT_EQ(linux::reap(pid), 7);
}

TEST_F(Launching, TellsThatItIsPlacedWhereInitOnlyAwaitsThat) {
  plan_to_tell("awaits placed");
  Launch launch(runtime_, plan_, {});
  prepare(launch);
  launch.release();
  EXPECT_EQ(ready_, launch.pid());
  EXPECT_EQ(linux::reap(launch.pid()), 7);
}

TEST_F(Launching, TellsThatItIsPlacedOnlyWhenTheCallerIsDone) {
  plan_to_tell("awaits placed");
  Launch launch(runtime_, plan_, {});
  launch.prepare({[&](int pid) {
                    rlimit limit{};
                    EXPECT_EQ(::prlimit(pid, RLIMIT_SIGPENDING, nullptr, &limit), 0);
                    EXPECT_NE(limit.rlim_max, kFewSignals);
                    EXPECT_EQ(ready_, 0);
                  },
                  [this](int pid) { ready_ = pid; }});
  EXPECT_EQ(ready_, launch.pid());
}

TEST_F(Launching, MakesInitLeaveWhenItCannotBePlaced) {
  plan_to_tell("awaits placed");
  plan_.host.rlimits = {{RLIMIT_SIGPENDING, kFewSignals, 0}};
  Launch launch(runtime_, plan_, {});
  try {
    prepare(launch);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("process.rlimits: RLIMIT_SIGPENDING soft 77 hard 0"));
  }
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(launch.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_status, 91);
}

TEST_F(Launching, TellsWhatInitFailedAtThoughItIsPlacedAfterItsEnd) {
  plan_to_tell("fails before it is placed");
  plan_.host.oom_score_adj = 500;
  plan_.host.affinity.final_ = {~std::uint64_t{0}};
  plan_.host.scheduler.emplace();
  plan_.host.io_priority.emplace();
  Launch launch(runtime_, plan_, {});
  const auto born = [](int pid) {
    while (!linux::has_ended(pid)) ::usleep(1000);
  };
  try {
    launch.prepare({born, [](int) {}});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("hostname \"fails before it is placed\""));
  }
}

// Where nothing has to come before the pid namespace, crumb makes the container's process in it.
class LaunchingTheFirstProcess : public Launching {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root makes pid namespaces";
  }
  void plan_first(const std::string& part) { plan_.steps = {plan::Hostname{part}, plan::Fork{CLONE_NEWPID | CLONE_NEWUTS}}; }
};

TEST_F(LaunchingTheFirstProcess, KnowsItWithoutAWordOfInit) {
  plan_first("is the first process");
  Launch launch(runtime_, plan_, {});
  const int pid = launch.pid();
  prepare(launch);
  launch.release();
  EXPECT_GT(pid, 0);
  EXPECT_EQ(born_, pid);
  EXPECT_EQ(ready_, pid);
  EXPECT_EQ(linux::reap(pid), 7);
}

TEST_F(LaunchingTheFirstProcess, TellsItThatItIsPlaced) {
  plan_to_tell("is the first process and awaits placed");
  plan_.steps.insert(plan_.steps.begin() + 1, plan::Fork{CLONE_NEWPID | CLONE_NEWUTS});
  Launch launch(runtime_, plan_, {});
  prepare(launch);
  launch.release();
  EXPECT_EQ(linux::reap(launch.pid()), 7);
}

TEST_F(LaunchingTheFirstProcess, RefusesAnInitThatReportsOne) {
  plan_first("reports a foreign process");
  Launch launch(runtime_, plan_, {});
  try {
    prepare(launch);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("crumb-init does not keep to the protocol: \"pid\""));
  }
}

TEST_F(LaunchingTheFirstProcess, EndsItWhenTheCallersRecordThrows) {
  plan_first("is the first process");
  int pid = 0;
  {
    Launch launch(runtime_, plan_, {});
    pid = launch.pid();
    EXPECT_THROW(launch.prepare({[](int) { throw Error("the disk is full"); }, [](int) {}}), Error);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

// The rights to it come with a user namespace, and setns counts for children only.
TEST_F(LaunchingTheFirstProcess, LeavesItToAFirstStageBehindOtherNamespaces) {
  const plan::Fork fork{CLONE_NEWPID};
  for (const plan::Step& before :
       {plan::Step(plan::Unshare{CLONE_NEWTIME}), plan::Step(plan::JoinPaths{{CLONE_NEWPID}, {"/x"}}),
        plan::Step(plan::JoinPaths{{CLONE_NEWUSER}, {"/x"}})}) {
    plan_.steps = {plan::Hostname{"leaves at once"}, before, fork};
    EXPECT_EQ(Launch(runtime_, plan_, {}).pid(), 0);
  }
  plan_.steps = {plan::Hostname{"leaves at once"}, plan::Fork{CLONE_NEWUTS}};
  EXPECT_EQ(Launch(runtime_, plan_, {}).pid(), 0);
}

TEST_F(Launching, DoesNotWaitForAFirstStageThatStays) {
  plan_for("has a first stage that stays");
  Launch launch(runtime_, plan_, {});
  prepare(launch);
  launch.release();
  EXPECT_EQ(linux::reap(launch.pid()), 7);
}

TEST_F(Launching, EndsTheContainersProcessUnlessItIsReleased) {
  plan_for("keeps to the protocol");
  {
    Launch launch(runtime_, plan_, {});
    prepare(launch);
  }
  EXPECT_EQ(::kill(ready_, 0), -1);
}

TEST_F(Launching, TellsHowInitEnded) {
  EXPECT_EQ(error_of("leaves at once"), "crumb-init ended at once with exit code 3");
  EXPECT_EQ(error_of("is killed after placed"), "crumb-init was killed by signal 9 after \"placed\"");
}

TEST_F(Launching, SuspectsTheMemoryLimitWhenInitWasKilledUnderOne) {
  plan_.host.cgroup_writes.push_back({0, "memory.max", "1", "linux.resources.memory.limit"});
  EXPECT_THAT(error_of("is killed after placed"), HasSubstr("is linux.resources.memory.limit too small?"));
}

TEST_F(Launching, RefusesAProcessThatIsNotItsChildAndLeavesItAlone) {
  EXPECT_THAT(error_of("reports a foreign process"), HasSubstr("reports process 1, which is not a child of crumb"));
  EXPECT_EQ(born_, 0);
}

TEST_F(Launching, EndsAnInitThatFailsAndStays) {
  EXPECT_THAT(error_of("fails and stays"), HasSubstr("hostname \"fails and stays\""));
  EXPECT_EQ(::kill(born_, 0), -1);
}

TEST_F(Launching, ThrowsWhatTheCallersRecordThrowsAndLeavesNoProcess) {
  plan_for("keeps to the protocol");
  Launch launch(runtime_, plan_, {});
  EXPECT_THROW(launch.prepare({[](int) { throw Error("the disk is full"); }, [](int) {}}), Error);
}

TEST_F(Launching, LetsTheCallerRunHooksOfTheProcessWhenAllIsMounted) {
  plan_for("has hooks");
  Launch launch(runtime_, plan_, {});
  int mounted = 0;
  Launch::Records records{[this](int pid) { born_ = pid; }, [this](int pid) { ready_ = pid; }};
  records.mounted = [&](int pid) {
    mounted = pid;
    EXPECT_EQ(ready_, 0) << "hooks come before ready";
  };
  launch.prepare(records);
  EXPECT_EQ(mounted, born_);
}

TEST_F(Launching, LeavesNoProcessWhenAHookFails) {
  plan_for("has hooks");
  int pid = 0;
  {
    Launch launch(runtime_, plan_, {});
    Launch::Records records{[&](int born) { pid = born; }, [](int) {}};
    records.mounted = [](int) { throw Error("a hook failed"); };
    EXPECT_THROW(launch.prepare(records), Error);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(Launching, TakesNoHooksOfAPlanThatHasNone) {
  EXPECT_THAT(error_of("has hooks"), HasSubstr("\"mounted\" is not a point of this Plan"));
}

TEST_F(Launching, GivesInitStdioTheProtocolsDescriptorsAndNothingElse) {
  const Fd leaked(::open("/dev/null", O_RDONLY)), pidfd(above_preserved(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), 0));
  settle_descriptors({});
  Launch::Inheritance inheritance;
  inheritance.pidfd = pidfd.get();
  const std::string error = error_of("shows its descriptors", inheritance);
  // Plan (closed when it is shown), socket, pidfd.
  EXPECT_THAT(error, HasSubstr("0 1 2 "));
  EXPECT_THAT(error, HasSubstr(fmt::format(" {} ", pidfd.get())));
  EXPECT_THAT(error, Not(HasSubstr(fmt::format(" {} ", leaked.get()))));
}

TEST_F(Launching, KeepsPreservedDescriptorsInTheirPlaces) {
  const Fd low(::dup3(2, 3, 0) < 0 ? -1 : 3);
  ASSERT_EQ(low.get(), 3);
  settle_descriptors({.preserve_fds = 1});
  Launch::Inheritance inheritance;
  inheritance.preserved = 1;
  EXPECT_THAT(error_of("shows its descriptors", inheritance), HasSubstr("0 1 2 3 "));
}

TEST_F(Launching, RefusesToPreserveADescriptorThatIsNotOpen) {
  const Fd closes(::dup3(2, 3, O_CLOEXEC) < 0 ? -1 : 3);
  try {
    settle_descriptors({.preserve_fds = 1});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "--preserve-fds 1: descriptor 3 is not open");
  }
}

TEST_F(Launching, RefusesASocketOfTheEnvironmentThatIsNotOpen) {
  const Fd closes(::dup3(2, 3, O_CLOEXEC) < 0 ? -1 : 3);
  try {
    settle_descriptors({.listen_fds = 1});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "LISTEN_FDS 1: descriptor 3 is not open");
  }
}

TEST_F(Launching, GivesTheMasterThatInitSendsToItsCaller) {
  plan_for("has a terminal");
  Launch launch(runtime_, plan_, {});
  Fd master;
  launch.prepare({[](int) {}, [](int) {}, [&](Fd sent) { master = std::move(sent); }});
  EXPECT_EQ(::fcntl(master.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(::isatty(master.get()));
}

TEST_F(Launching, MakesInitLeaveWhenNobodyTakesItsTerminal) {
  plan_for("has a terminal");
  Launch launch(runtime_, plan_, {});
  EXPECT_THROW(launch.prepare({[](int) {}, [](int) {}, [](Fd) { throw Error("nobody listens"); }}), Error);
}

TEST_F(Launching, AnswersAModuleWithEngineAndOptionsThatNameTheSocketAsReport) {
  const std::string error = error_of("asks about a module");
  EXPECT_THAT(error, HasSubstr("module="));
  EXPECT_THAT(error, HasSubstr(" name=/app.wasm report="));
}

TEST_F(Launching, MakesInitLeaveWhenTheProgramIsAComponent) {
  EXPECT_THAT(error_of("asks about a component"), HasSubstr("\"/app.wasm\": a WebAssembly component"));
  EXPECT_EQ(exit_code_, 126);
}

}  // namespace
}  // namespace crumb::container
