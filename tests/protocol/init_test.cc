// crumb-init's side of wire/protocol.h, row by row, and what it does with a Plan that is not one.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "init_case.h"
#include "support/file.h"
#include "wire/engine_options.h"
#include "wire/steps.h"

namespace crumb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using wire::Message;
using wire::Point;

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kStride = 17;  // a program under AddressSanitizer takes ten times as long to start
#else
constexpr std::size_t kStride = 1;
#endif

constexpr char kBusybox[] = "/bin/busybox";
constexpr std::string_view kModule("\0asm\1\0\0\0", 8);

class Protocol : public InitCase {
 protected:
  // A file named like an applet of busybox that begins like a module: whoever executes the "engine" sees what the engine would.
  std::vector<plan::Step> module(const std::string& applet) const {
    write_file(applet, std::string(kModule), 0755);
    return {plan::Program{.arguments = {applet, "operand"}, .environment = {"PATH=" + folder_.string(), "A=b"}},
            plan::CloseDescriptors{.first = 3}, plan::Exec{}};
  }
  std::vector<plan::Step> native(const std::string& program) const {
    return {plan::Program{.arguments = {program, "operand"}, .environment = {}}, plan::CloseDescriptors{.first = 3}};
  }
  // As the wire has it.
  static std::uint64_t instruction(unsigned short code, unsigned char jump_if_true, std::uint32_t k) {
    const sock_filter parts{code, jump_if_true, 0, k};
    std::uint64_t whole = 0;
    std::memcpy(&whole, &parts, sizeof whole);
    return whole;
  }
  // Any other call ends the process.
  static plan::Seccomp only_four_calls() {
    plan::Seccomp filter{.program = {instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0)}};
    for (const std::uint32_t call : {SYS_read, SYS_write, SYS_execve, SYS_exit_group})
      filter.program.push_back(
          instruction(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned char>(5 - filter.program.size()), call));
    filter.program.push_back(instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS));
    filter.program.push_back(instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW));
    return filter;
  }
  // Below the test's own folder: a damaged Plan may well make it.
  plan::Directory nowhere() const { return {.path = path("nowhere")}; }
  static Fd busybox() { return Fd(::open(kBusybox, O_RDONLY | O_CLOEXEC)); }
  static Fd null() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
};

TEST_F(Protocol, PidComesFromTheFirstStageWhichThenLeaves) {
  start({plan::Fork{}, meeting(Point::placed)});
  const pid_t first = process();
  hear_pid();
  EXPECT_NE(process(), first);
  EXPECT_THAT(of_process("status"), HasSubstr("PPid:\t" + std::to_string(::getpid()) + "\n"));
  meet(Point::placed);
  expect_end();
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, PidIsSaidBeforeAnythingElse) {
  start({plan::Fork{}, nowhere()});
  hear_pid();
  expect_failure(1, ENOENT);
}

TEST_F(Protocol, TheFirstProcessOfItsPidNamespaceIsTheContainersAndForksNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes pid namespaces";
  Options options;
  options.first = true;
  start({plan::Fork{CLONE_NEWPID | CLONE_NEWUTS}, plan::Hostname{"box"}, meeting(Point::placed)}, options);
  meet(Point::placed);
  expect_end();
  EXPECT_EQ(wait(), 0);
}

class Meeting : public Protocol, public ::testing::WithParamInterface<Point> {};

TEST_P(Meeting, GoesOnOnlyAfterItsAnswer) {
  start({meeting(GetParam()), nowhere()});
  const Heard question = hear();
  EXPECT_EQ(question.message.point, GetParam());
  EXPECT_TRUE(question.descriptors.empty());
  EXPECT_FALSE(says_more()) << "before the answer";
  answer(GetParam());
  if (GetParam() == Point::ready) return;  // whom it tells from then on has tests of its own
  expect_failure(1, ENOENT);
}

TEST_P(Meeting, EndsInitWithoutAWordWhenTheAnswerIsAnError) {
  start({meeting(GetParam()), nowhere()});
  EXPECT_EQ(hear().message.point, GetParam());
  answer(GetParam(), 0, {}, ECANCELED);
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_P(Meeting, EndsInitWhenTheHostHasDied) {
  start({meeting(GetParam()), plan::Directory{.path = "/"}});
  EXPECT_EQ(hear().message.point, GetParam());
  hang_up();
  EXPECT_EQ(wait(), 1);
}

TEST_P(Meeting, TakesNoAnswerToAnotherQuestion) {
  start({meeting(GetParam())});
  EXPECT_EQ(hear().message.point, GetParam());
  answer(Point::pid);
  expect_failure(0, EPROTO, "the host's answer");
}

TEST_P(Meeting, TakesNoDescriptorsButThoseOfCgroups) {
  if (GetParam() == Point::placed) return;  // below
  start({meeting(GetParam())});
  EXPECT_EQ(hear().message.point, GetParam());
  answer(GetParam(), 0, {null().get()});
  expect_failure(0, EPROTO, "the host's answer");
}

INSTANTIATE_TEST_SUITE_P(Points, Meeting, ::testing::Values(Point::map, Point::placed, Point::mounted, Point::ready));

class Awaiting : public Protocol, public ::testing::WithParamInterface<Point> {};

TEST_P(Awaiting, AsksNothingAndGoesOnOnlyWhenItIsTold) {
  start({awaiting(GetParam()), nowhere()});
  EXPECT_FALSE(says_more());
  answer(GetParam());
  expect_failure(1, ENOENT);
}

TEST_P(Awaiting, EndsInitWithoutAWordWhenItIsToldToLeave) {
  start({awaiting(GetParam()), nowhere()});
  answer(GetParam(), 0, {}, ECANCELED);
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_P(Awaiting, EndsInitWhenTheHostHasDied) {
  start({awaiting(GetParam()), plan::Directory{.path = "/"}});
  hang_up();
  EXPECT_EQ(wait(), 1);
}

TEST_P(Awaiting, TakesNoAnswerToAnotherQuestion) {
  start({awaiting(GetParam())});
  answer(Point::pid);
  expect_failure(0, EPROTO, "the host's answer");
}

INSTANTIATE_TEST_SUITE_P(Points, Awaiting, ::testing::Values(Point::placed, Point::ready));

TEST_F(Protocol, AnAwaitedAnswerToReadyBringsNoDescriptors) {
  start({awaiting(Point::ready)});
  answer(Point::ready, 0, {null().get()});
  expect_failure(0, EPROTO, "the host's answer");
}

TEST_F(Protocol, CgroupsAreEnteredUnasked) {
  write_file("tasks", "");
  const Fd tasks(open(path("tasks").c_str(), O_WRONLY | O_CLOEXEC)), bad(open(path("tasks").c_str(), O_RDONLY | O_CLOEXEC));
  start({awaiting(Point::placed), nowhere()});
  answer(Point::placed, 0, {tasks.get()});
  expect_failure(1, ENOENT);
  EXPECT_EQ(crumb::read_file(path("tasks")), "0");
  reset();
  start({awaiting(Point::placed), nowhere()});
  answer(Point::placed, 0, {bad.get()});
  expect_failure(0, EBADF);
}

TEST_F(Protocol, TheProcessEntersTheCgroupsOfWhichItIsGivenTheFiles) {
  write_file("first", "");
  write_file("second", "");
  const Fd first(open(path("first").c_str(), O_WRONLY | O_CLOEXEC)), second(open(path("second").c_str(), O_WRONLY | O_CLOEXEC));
  start({meeting(Point::placed), nowhere()});
  hear();
  answer(Point::placed, 0, {first.get(), second.get()});
  expect_failure(1, ENOENT);
  EXPECT_EQ(crumb::read_file(path("first")), "0");
  EXPECT_EQ(crumb::read_file(path("second")), "0");
}

TEST_F(Protocol, ACgroupThatCannotBeEnteredIsNamed) {
  write_file("tasks", "");
  const Fd good(open(path("tasks").c_str(), O_WRONLY | O_CLOEXEC)), bad(open(path("tasks").c_str(), O_RDONLY | O_CLOEXEC));
  Message message;
  message.point = Point::placed;
  std::string("the first\nthe second\nthe third\n").copy(message.text, sizeof message.text);
  start({meeting(Point::placed), nowhere()});
  hear();
  say(&message, sizeof message, {good.get(), bad.get(), good.get()});
  expect_failure(0, EBADF, "the second");
  EXPECT_EQ(crumb::read_file(path("tasks")), "0") << "it went on";
}

TEST_F(Protocol, AnAnswerOfAnotherSizeIsAFailure) {
  Message wrong;
  wrong.point = Point::placed;
  start({meeting(Point::placed)});
  hear();
  say(&wrong, sizeof wrong - 1);
  expect_failure(0, EPROTO, "the host's answer");
}

TEST_F(Protocol, AnAnswerWithAnotherMagicIsAFailure) {
  Message wrong;
  wrong.point = Point::placed;
  wrong.magic ^= 1;
  start({meeting(Point::placed)});
  hear();
  say(&wrong, sizeof wrong);
  expect_failure(0, EPROTO, "the host's answer");
}

TEST_F(Protocol, TheDeathOfCrumbBeforeReadyTakesInitWithIt) {
  start({meeting(Point::placed)}, {.orphan = true});
  hear();
  abandon();
  expect_end();
}

TEST_F(Protocol, TheDeathOfCrumbAfterReadyLeavesInitAlone) {
  start({meeting(Point::ready), plan::WaitStart{}}, {.fifos = true, .orphan = true});
  meet(Point::ready);
  abandon();
  EXPECT_FALSE(result_ended()) << "init has gone";
  press_start();
  EXPECT_TRUE(hear_result().end);
}

TEST_F(Protocol, BeforeReadyAFailureGoesToTheSocket) {
  start({plan::Directory{.path = "/"}, nowhere()}, {.fifos = true});
  expect_failure(1, ENOENT);
  EXPECT_TRUE(hear_result().end);
}

TEST_F(Protocol, AfterReadyAFailureWaitsForStartAndGoesToResult) {
  start({meeting(Point::ready), nowhere()}, {.fifos = true});
  meet(Point::ready);
  EXPECT_FALSE(result_ended()) << "nobody would read the record";
  press_start();
  expect_record(hear_result().message, 1, ENOENT, "");
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_F(Protocol, AfterReadyAFailureGoesToTheSocketWhereThereIsNoResult) {
  start({meeting(Point::ready), nowhere()});
  meet(Point::ready);
  expect_failure(1, ENOENT);
}

TEST_F(Protocol, TheProgramRunsOnlyAfterTheByteOnStartAndEndsBothFifos) {
  start(native("/bin/echo") + std::vector<plan::Step>{meeting(Point::ready), plan::WaitStart{}, plan::Exec{}}, {.fifos = true});
  meet(Point::ready);
  EXPECT_FALSE(result_ended());
  press_start();
  EXPECT_TRUE(hear_result().end);
  EXPECT_EQ(output(), "operand\n");
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, AProgramThatTheKernelRefusesIsARecordOnResult) {
  write_file("strange", "neither ELF nor script", 0755);
  start(native(path("strange")) + std::vector<plan::Step>{meeting(Point::ready), plan::WaitStart{}, plan::Exec{}},
        {.fifos = true});
  meet(Point::ready);
  press_start();
  expect_record(hear_result().message, 4, ENOEXEC, path("strange"));
  EXPECT_EQ(wait(), 1);
}

// A filter that kills for any call but four.
TEST_F(Protocol, BehindTheFilterInitReadsExecutesWritesAndLeaves) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer makes calls of its own";
#endif
  const plan::Seccomp filter = only_four_calls();
  write_file("strange", "neither ELF nor script", 0755);
  std::vector<plan::Step> steps = native(path("strange"));
  for (const plan::Step& step : std::initializer_list<plan::Step>{plan::NoNewPrivileges{}, meeting(Point::ready), filter,
                                                                  plan::WaitStart{}, plan::Exec{}})
    steps.push_back(step);
  start(steps, {.fifos = true});
  meet(Point::ready);
  press_start();
  expect_record(hear_result().message, 6, ENOEXEC, path("strange"));
  EXPECT_EQ(wait(), 1);
}

TEST_F(Protocol, AListenerIsToldAndWaitedForByReadAndWriteAlone) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer makes calls of its own";
#endif
  plan::Seccomp filter = only_four_calls();
  filter.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  write_file("strange", "neither ELF nor script", 0755);
  std::vector<plan::Step> steps = native(path("strange"));
  for (const plan::Step& step : std::initializer_list<plan::Step>{plan::NoNewPrivileges{}, filter, meeting(Point::ready),
                                                                  plan::WaitStart{}, plan::Exec{}})
    steps.push_back(step);
  start(steps, {.fifos = true});
  const Message told = meet(Point::seccomp);
  const std::string descriptor = "/proc/" + std::to_string(process()) + "/fd/" + std::to_string(told.value);
  EXPECT_EQ(std::filesystem::read_symlink(descriptor), "anon_inode:seccomp notify");
  meet(Point::ready);
  press_start();
  expect_record(hear_result().message, 6, ENOEXEC, path("strange"));
  EXPECT_EQ(wait(), 1);
}

TEST_F(Protocol, AListenerThatNobodyTakesEndsInitWithoutAWord) {
  plan::Seccomp filter{.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER,
                       .program = {instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW)}};
  start({plan::NoNewPrivileges{}, filter, nowhere()});
  EXPECT_EQ(hear().message.point, Point::seccomp);
  answer(Point::seccomp, 0, {}, ECANCELED);
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_F(Protocol, AFilterThatTheKernelDoesNotTakeIsNamed) {
  start({plan::NoNewPrivileges{}, plan::Seccomp{.program = {instruction(0xffff, 0, 0)}}});
  expect_failure(1, EINVAL);
}

// What becomes a container that says `ready`, loads the filter and takes the answer behind it.
class TellingReady : public Protocol {
 protected:
  std::vector<plan::Step> told(const plan::Seccomp& filter) const {
    return {plan::NoNewPrivileges{}, telling(Point::ready), filter, awaiting(Point::ready), nowhere()};
  }
  static plan::Seccomp permissive() { return {.program = {instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW)}}; }
  static plan::Seccomp without_read() {
    return {.program = {instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0), instruction(BPF_JMP | BPF_JEQ | BPF_K, 1, SYS_read),
                        instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW),
                        instruction(BPF_RET | BPF_K, 0, SECCOMP_RET_ERRNO | EPERM)}};
  }
  static plan::Seccomp refused() { return {.program = {instruction(0xffff, 0, 0)}}; }
  bool filtered() const { return of_process("status").find("\nSeccomp:\t2\n") != std::string::npos; }
  bool comes_to_be_filtered() const {
    for (int waited = 0; waited < kPatience && !filtered(); ++waited) ::usleep(1000);
    return filtered();
  }
};

TEST_F(TellingReady, LoadsTheFilterBeforeTheAnswerAndGoesOnBehindIt) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer makes calls of its own";
#endif
  write_file("strange", "neither ELF nor script", 0755);
  start(native(path("strange")) + std::vector<plan::Step>{plan::NoNewPrivileges{}, telling(Point::ready), only_four_calls(),
                                                          awaiting(Point::ready), plan::WaitStart{}, plan::Exec{}},
        {.fifos = true});
  const Heard question = hear();
  EXPECT_EQ(question.message.point, Point::ready);
  EXPECT_TRUE(comes_to_be_filtered());
  press_start();
  EXPECT_FALSE(result_ended()) << "before the answer";
  answer(Point::ready);
  expect_record(hear_result().message, 7, ENOEXEC, path("strange"));
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_F(TellingReady, SaysItBeforeTheFilterAndTakesTheAnswerBeforeItTellsThatTheFilterFailed) {
  start(told(refused()), {.fifos = true});
  EXPECT_EQ(hear().message.point, Point::ready);
  press_start();
  EXPECT_FALSE(says_more()) << "before the answer";
  EXPECT_FALSE(result_ended()) << "before the answer";
  answer(Point::ready);
  expect_record(hear_result().message, 2, EINVAL, "");
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_F(TellingReady, WaitsForStartBeforeItTellsThatTheFilterFailed) {
  start(told(refused()), {.fifos = true});
  meet(Point::ready);
  EXPECT_FALSE(result_ended()) << "nobody would read the record";
  press_start();
  expect_record(hear_result().message, 2, EINVAL, "");
}

TEST_F(TellingReady, TellsTheSocketThatTheFilterFailedWhereThereIsNoResult) {
  start(told(refused()));
  EXPECT_EQ(hear().message.point, Point::ready);
  EXPECT_FALSE(says_more()) << "before the answer";
  answer(Point::ready);
  expect_failure(2, EINVAL);
}

TEST_F(TellingReady, EndsInitWithoutAWordWhenTheHostDiesOrSaysLeaveWhateverBecameOfTheFilter) {
  for (const plan::Seccomp& filter : {permissive(), refused()})
    for (const bool dies : {true, false}) {
      reset();
      start(told(filter), {.fifos = true});
      EXPECT_EQ(hear().message.point, Point::ready);
      if (dies) {
        hang_up();
      } else {
        answer(Point::ready, 0, {}, ECANCELED);
        expect_end();
      }
      EXPECT_EQ(wait(), 1);
      EXPECT_TRUE(hear_result().end) << "a record that nobody waits for";
    }
}

TEST_F(TellingReady, TellsTheHostAndStartWhereTheFilterForbidsToReadTheAnswer) {
  start(told(without_read()), {.fifos = true});
  EXPECT_EQ(hear().message.point, Point::ready);
  expect_record(hear_result().message, 3, EPERM, "the host's answer");
  expect_failure(3, EPERM, "the host's answer");
}

TEST_F(TellingReady, TellsTheSocketOnceWhereTheFilterForbidsToReadTheAnswerAndThereIsNoResult) {
  start(told(without_read()));
  EXPECT_EQ(hear().message.point, Point::ready);
  expect_failure(3, EPERM, "the host's answer");
}

TEST_F(TellingReady, LeavesInitAloneWhenCrumbDiesBehindTheAnswer) {
  start({plan::NoNewPrivileges{}, telling(Point::ready), permissive(), awaiting(Point::ready), plan::WaitStart{}},
        {.fifos = true, .orphan = true});
  meet(Point::ready);
  abandon();
  EXPECT_FALSE(result_ended()) << "init has gone";
  press_start();
  EXPECT_TRUE(hear_result().end);
}

TEST_F(Protocol, OnlyReadyIsToldAndOnlyPlacedAndReadyAreAwaited) {
  const std::vector<Point> others{Point::map, Point::pid, Point::mounted, Point::console, Point::program, Point::seccomp};
  std::vector<plan::Step> wrong{telling(Point::placed)};
  for (const Point point : others) wrong.insert(wrong.end(), {telling(point), awaiting(point)});
  for (const plan::Step& step : wrong) {
    reset();
    start({step});
    expect_failure(wire::kPlanStep, EBADMSG);
    if (HasFailure()) FAIL() << "step " << (&step - wrong.data());
  }
}

TEST_F(Protocol, ANativeProgramIsNoQuestion) {
  start(native("/bin/echo") + std::vector<plan::Step>{plan::Exec{}});
  expect_end();
  EXPECT_EQ(output(), "operand\n");
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, AModuleIsHandedToTheHostUnderItsPathAndNumber) {
  start(module("echo"));
  const Heard question = hear();
  EXPECT_EQ(question.message.point, Point::program);
  EXPECT_STREQ(question.message.text, path("echo").c_str());
  ASSERT_EQ(question.descriptors.size(), 1U);
  char head[8];
  ASSERT_EQ(::pread(question.descriptors[0].get(), head, sizeof head, 0), static_cast<ssize_t>(sizeof head));
  EXPECT_EQ(std::string_view(head, sizeof head), kModule);
  EXPECT_THAT(of_process("fdinfo/" + std::to_string(question.message.value)), StartsWith("pos:"));
}

TEST_F(Protocol, TheEngineIsExecutedWithTheUsersArguments) {
  start(module("echo"));
  hear();
  answer(Point::program, wire::kWasm, {busybox().get(), null().get()});
  expect_end();
  EXPECT_EQ(output(), "operand\n");
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, TheEngineFindsItsOptionsByOneVariable) {
  std::vector<plan::Step> steps = module("env");
  std::get<plan::Program>(steps[0]).arguments.pop_back();
  start(steps);
  hear();
  answer(Point::program, wire::kWasm, {busybox().get(), null().get()});
  const std::string environment = output();
  EXPECT_THAT(environment, HasSubstr("A=b\n"));
  EXPECT_THAT(environment, HasSubstr(std::string(wire::kEngineOptionsVariable) + "="));
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, TheEngineFindsItsCodeBehindItsOptions) {
  std::vector<plan::Step> steps = module("env");
  std::get<plan::Program>(steps[0]).arguments.pop_back();
  start(steps);
  hear();
  answer(Point::program, wire::kWasm, {busybox().get(), null().get(), null().get()});
  EXPECT_THAT(output(), ::testing::ContainsRegex(std::string(wire::kEngineOptionsVariable) + "=[0-9]+,[0-9]+\n"));
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, AnImageCannotGiveTheEngineItsOptions) {
  std::vector<plan::Step> steps = module("env");
  auto& program = std::get<plan::Program>(steps[0]);
  program.arguments.pop_back();
  program.environment.push_back(std::string(wire::kEngineOptionsVariable) + "=forged");
  start(steps);
  hear();
  answer(Point::program, wire::kWasm, {busybox().get(), null().get()});
  EXPECT_THAT(output(), ::testing::Not(HasSubstr("forged")));
  EXPECT_EQ(wait(), 0);
}

TEST_F(Protocol, AModuleThatTheHostCallsNativeIsExecutedItself) {
  start(module("echo"));
  hear();
  answer(Point::program, wire::kNative);
  expect_failure(2, ENOEXEC, path("echo"));
}

class WrongEngine : public Protocol, public ::testing::WithParamInterface<std::pair<std::uint64_t, std::size_t>> {};

TEST_P(WrongEngine, IsAFailure) {
  const auto [verdict, count] = GetParam();
  start(module("echo"));
  hear();
  const Fd file = null();
  answer(Point::program, verdict, std::vector<int>(count, file.get()));
  expect_failure(0, EPROTO, "the host's answer");
}

INSTANTIATE_TEST_SUITE_P(Answers, WrongEngine,
                         ::testing::Values(std::pair(wire::kWasm, 0), std::pair(wire::kWasm, 1), std::pair(wire::kWasm, 4),
                                           std::pair(wire::kNative, 1), std::pair(7, 2)));

TEST_F(Protocol, APlanThatIsCutOffIsSaidToBeUnreadable) {
  const std::vector<plan::Step> steps{meeting(Point::placed), nowhere()};
  const std::string whole = encode(steps, {});
  for (std::size_t size = sizeof(wire::Header); size < whole.size(); size += kStride) {
    reset();
    const std::string bytes = encode(steps, {}).substr(0, size);
    start_bytes(bytes, {});
    expect_failure(wire::kPlanStep, EBADMSG);
    if (HasFailure()) FAIL() << "at " << size << " of " << whole.size() << " bytes";
  }
}

TEST_F(Protocol, APlanThatIsCutOffInItsHeaderEndsInit) {
  for (std::size_t size = 0; size < sizeof(wire::Header); size += kStride) {
    reset();
    start_bytes(encode({}, {}).substr(0, size), {});
    EXPECT_EQ(wait(), 1) << size;
  }
}

// Whatever it says: init fails or does something else, but never reads beyond its Plan.
TEST_F(Protocol, APlanWithAFlippedBitNeverCrashesInit) {
  const std::vector<plan::Step> steps{plan::Umask{.mask = 022}, nowhere(),
                                      plan::Program{.arguments = {"a"}, .environment = {"PATH=" + path("nowhere")}}};
  std::mt19937 random(1);
  for (std::size_t round = 0; round < 400; round += kStride) {
    reset();
    std::string bytes = encode(steps, {});
    const std::size_t bit = sizeof(wire::Header) * 8 + random() % ((bytes.size() - sizeof(wire::Header)) * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    start_bytes(bytes, {});
    hang_up();  // where it now asks the host
    const int code = wait();
    EXPECT_TRUE(code == 0 || code == 1) << code << " with bit " << bit;
  }
}

TEST_F(Protocol, AnArgumentThatIsNoDescriptorEndsInit) {
  for (const char* argument : {"x", "-1", "999", "99999999999999999999"}) {
    reset();
    start({plan::Umask{}}, {.arguments = argument});
    EXPECT_EQ(wait(), 1) << argument;
  }
}

}  // namespace
}  // namespace crumb::test
