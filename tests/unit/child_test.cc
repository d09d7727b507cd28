// Waiting for a child: its end, its output, its time, and whom it needs.
#include "kernel/child.h"

#include <gtest/gtest.h>

#include <string>

#include "linux/process.h"
#include "linux_support.h"

namespace crumb::kernel {
namespace {

using crumb::testing::Pipe;
using crumb::testing::Sleeper;

std::string line_of(const Tail& tail) {
  char text[Tail::kKept + 1];
  tail.line(text);
  return text;
}

std::string line_of(const std::string& bytes) {
  Tail tail;
  tail.add(bytes.data(), bytes.size());
  return line_of(tail);
}

TEST(Tail, IsOneLineOfAllThatFits) {
  EXPECT_EQ(line_of(""), "");
  EXPECT_EQ(line_of("one\n"), "one");
  EXPECT_EQ(line_of("\n one\n\ttwo\x1b[0m\r\n\n"), "one two [0m");
  EXPECT_EQ(line_of("gr\xc3\xbc\xc3\x9f"
                    "e"),
            "gr\xc3\xbc\xc3\x9f"
            "e");
}

TEST(Tail, IsTheEndOfMore) {
  EXPECT_EQ(line_of(std::string(5000, 'a') + std::string(Tail::kKept - 1, 'b')), "a" + std::string(Tail::kKept - 1, 'b'));
  Tail tail;
  for (int i = 0; i < 1000; ++i) tail.add("word ", 5);
  EXPECT_EQ(line_of(tail), line_of(std::string(line_of(tail)))) << "pieces make no difference";
  EXPECT_TRUE(line_of(tail).ends_with(" word word"));
}

TEST(Tail, BeginsWithNoHalfCharacter) {
  EXPECT_EQ(line_of("\xc3\xbc" + std::string(Tail::kKept - 1, 'b')), std::string(Tail::kKept - 1, 'b'));
}

// A shell script as a child that is attended to.
class Attending : public ::testing::Test {
 protected:
  long attend_to(const std::string& script, long seconds = 0, int needed = -1) {
    Pipe pipe;
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    kernel::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
    const long pid = linux::spawn_command(
        {"/bin/sh", {"sh", "-c", script}, environment_, directory_, {null.get(), pipe.writer.get(), pipe.writer.get()}});
    pipe.writer.reset();
    EXPECT_GT(pid, 0);
    child_.pid = static_cast<int>(pid);
    child_.output = pipe.reader.get();
    child_.seconds = seconds;
    child_.needed = needed;
    return attend(child_);
  }

  Attended child_;
  std::vector<std::string> environment_{"PATH=/usr/bin:/bin"};
  std::string directory_ = "/";
};

TEST_F(Attending, EndsWithTheChild) {
  EXPECT_EQ(attend_to("exit 0"), 0);
  EXPECT_EQ(attend_to("exit 7"), -ECHILD);
  EXPECT_EQ(WEXITSTATUS(child_.status), 7);
  EXPECT_EQ(attend_to("kill -TERM $$"), -ECHILD);
  EXPECT_EQ(WTERMSIG(child_.status), SIGTERM);
}

TEST_F(Attending, KeepsTheEndOfWhatItWrites) {
  EXPECT_EQ(attend_to("seq 1 200000; echo last >&2; exit 1"), -ECHILD);
  EXPECT_TRUE(line_of(child_.tail).ends_with("199999 200000 last")) << line_of(child_.tail);
}

TEST_F(Attending, DoesNotWaitForWhomItLeavesBehind) {
  const long begun = child::now();
  EXPECT_EQ(attend_to("sleep 2 & echo done"), 0);
  EXPECT_LT(child::now() - begun, 1900);
  EXPECT_EQ(line_of(child_.tail), "done");
}

TEST_F(Attending, KillsTheWholeGroupWhenTheTimeIsOver) {
  EXPECT_EQ(attend_to("sleep 1001 & echo $!; sleep 1001", 1), -ETIME);
  const int other = std::stoi(line_of(child_.tail));
  for (int i = 0; i < 200 && linux::start_time(other); ++i) ::usleep(10000);
  EXPECT_FALSE(linux::start_time(other)) << "what it has started lives on";
}

TEST_F(Attending, KillsAChildThatIsNeededNoLonger) {
  Fd process;
  {
    const Sleeper needed;
    process = Fd(pidfd_open(needed.pid(), 0));
  }
  EXPECT_EQ(attend_to("sleep 1001", 0, process.get()), -EOWNERDEAD);
}

TEST_F(Attending, GivesTheChildItsEnvironmentDirectoryAndNoDescriptorButThree) {
  const Fd leaked(::open("/dev/null", O_RDONLY));
  environment_ = {"A=b c"};
  directory_ = "/usr";
  EXPECT_EQ(attend_to("/usr/bin/tr '\\0' ' ' < /proc/$$/environ; pwd; exec /bin/ls -C /proc/self/fd"), 0);
  EXPECT_EQ(line_of(child_.tail), "A=b c /usr 0 1 2 3");
}

TEST_F(Attending, RunsInTheRootWhereTheDirectoryIsGone) {
  directory_ = "/no/such/directory";
  EXPECT_EQ(attend_to("pwd"), 0);
  EXPECT_EQ(line_of(child_.tail), "/");
}

TEST_F(Attending, ResetsSignals) {
  struct sigaction ignored{}, before{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &ignored, &before);
  EXPECT_EQ(attend_to("grep -E '^Sig(Ign|Blk)' /proc/self/status"), 0);
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(line_of(child_.tail), "SigBlk: 0000000000000000 SigIgn: 0000000000000000");
}

TEST(SpawnCommand, SaysWhyAProgramCannotBeExecuted) {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const linux::Streams streams{null.get(), null.get(), null.get()};
  EXPECT_EQ(linux::spawn_command({"/no/such/program", {"x"}, {}, "/", streams}), -ENOENT);
  EXPECT_EQ(linux::spawn_command({"/etc/passwd", {"x"}, {}, "/", streams}), -EACCES);
}

}  // namespace
}  // namespace crumb::kernel
