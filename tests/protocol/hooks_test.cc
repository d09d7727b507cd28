// Hooks that crumb-init runs: the Hook step, by a host made of test code.
#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "init_case.h"

namespace crumb::test {
namespace {

using ::testing::StartsWith;
using wire::Point;

class Hooks : public InitCase {
 protected:
  plan::Hook hook(const std::string& script) const {
    return {.kind = "createContainer",
            .path = "/bin/sh",
            .arguments = {"sh", "-c", script},
            .environment = {"FILE=" + path("file"), "PATH=/usr/bin:/bin"},
            .state_before = R"({"id":"x")",
            .state_after = "}"};
  }
  plan::Hook as_program(const std::string& script) const {
    plan::Hook step = hook(script);
    step.as_program = 1;
    return step;
  }
  std::string written() const {
    std::ifstream file(path("file"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Runs a Plan that comes to its end.
  void perform(const std::vector<plan::Step>& steps) {
    start(steps);
    expect_end();
    EXPECT_EQ(wait(), 0);
  }
  wire::Message failure_of(const plan::Hook& step) {
    start({step, plan::Directory{.path = path("nowhere")}});
    const Heard heard = hear();
    EXPECT_EQ(heard.message.point, Point::failed);
    EXPECT_EQ(heard.message.step, 0U);
    expect_end();
    EXPECT_EQ(wait(), 1);
    return heard.message;
  }
};

TEST_F(Hooks, AreGivenTheStateWithInitsOwnNumber) {
  start({hook("cat > $FILE")});
  const pid_t init = process();
  expect_end();
  EXPECT_EQ(wait(), 0);
  EXPECT_EQ(written(), R"({"id":"x","pid":)" + std::to_string(init) + "}");
}

TEST_F(Hooks, NeedNotReadIt) {
  plan::Hook step = hook("exit 0");
  step.state_after = std::string(1 << 20, ' ') + "}";
  perform({step});
}

TEST_F(Hooks, RunOneAfterTheOther) {
  perform({hook("echo one >> $FILE"), hook("sleep 0.1; echo two >> $FILE"), hook("echo three >> $FILE")});
  EXPECT_EQ(written(), "one\ntwo\nthree\n");
}

TEST_F(Hooks, HaveTheirOwnEnvironmentAndThreeDescriptors) {
  plan::Hook step =
      hook("/usr/bin/tr '\\0' ' ' < /proc/$$/environ > " + path("file") + "; exec /bin/ls -C /proc/self/fd >> " + path("file"));
  step.environment = {"A=b"};
  perform({step});
  EXPECT_THAT(written(), StartsWith("A=b 0  1  2  3"));
}

TEST_F(Hooks, WriteWhereTheyAreTold) {
  const Fd file(::open(path("file").c_str(), O_WRONLY | O_CREAT, 0644));
  plan::Hook step = hook("echo out; echo err >&2");
  step.out = static_cast<std::uint64_t>(file.get());
  step.err = step.out;
  perform({step});
  EXPECT_EQ(written(), "out\nerr\n");
}

TEST_F(Hooks, ThatFailAreAFailureWithTheirStatusAndTheEndOfTheirOutput) {
  const wire::Message message = failure_of(hook("echo much; echo 'the reason' >&2; exit 3"));
  EXPECT_EQ(message.error, ECHILD);
  EXPECT_EQ(message.value, 3U << 8);
  EXPECT_STREQ(message.text, "much the reason");
}

TEST_F(Hooks, ThatDieAreAFailureWithTheSignal) {
  const wire::Message message = failure_of(hook("kill -9 $$"));
  EXPECT_EQ(message.error, ECHILD);
  EXPECT_EQ(message.value, 9U);
}

TEST_F(Hooks, ThatTakeTooLongAreKilled) {
  plan::Hook step = hook("echo waiting; sleep 1001");
  step.timeout = 1;
  const wire::Message message = failure_of(step);
  EXPECT_EQ(message.error, ETIME);
  EXPECT_STREQ(message.text, "waiting");
}

TEST_F(Hooks, ThatCannotBeExecutedAreAFailureWithTheReason) {
  plan::Hook step = hook("");
  step.path = path("nowhere");
  EXPECT_EQ(failure_of(step).error, ENOENT);
  reset();
  step.path = "/etc/passwd";
  EXPECT_EQ(failure_of(step).error, EACCES);
}

TEST_F(Hooks, InTheProgramsPlaceGoThroughTheStepsThatAreLeft) {
  const plan::Program program{.arguments = {"/bin/sh", "-c", "echo program $(umask) >> " + path("file")}, .environment = {}};
  perform({program, as_program("echo first $(umask) >> $FILE"), as_program("echo second $(umask) >> $FILE"),
           plan::Umask{.mask = 0027}, plan::Exec{}});
  EXPECT_EQ(written(), "first 0027\nsecond 0027\nprogram 0027\n");
}

TEST_F(Hooks, InTheProgramsPlaceTellInitWhatFailed) {
  start({as_program("exit 0"), plan::Directory{.path = path("nowhere")}, plan::Exec{}});
  expect_failure(0, ENOENT);
}

}  // namespace
}  // namespace crumb::test
