// The Session and Terminal steps and the point `console`, with a host that says what the test wants.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "init_case.h"
#include "kernel/terminal.h"
#include "wire/steps.h"

namespace crumb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using wire::Point;

// Needs root: what is tried here are mounts in a root filesystem of busybox.
class TerminalStep : public InitCase {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts and namespaces need root";
    for (const char* name : {"/bin", "/proc", "/dev/pts", "/etc", "/tmp"}) std::filesystem::create_directories(rootfs(name));
    std::filesystem::copy_file("/bin/busybox", rootfs("/bin/busybox"));
    for (const char* applet : {"sh", "ls", "stat", "readlink", "true"})
      std::filesystem::create_symlink("busybox", rootfs("/bin/") + applet);
  }

  std::string rootfs(const std::string& name = "") const { return path("root") + name; }

  // Steps from the first process to a shell in the root filesystem.
  std::vector<plan::Step> around(const std::vector<plan::Step>& inside, const std::string& script) const {
    return std::vector<plan::Step>{plan::Fork{.namespaces = CLONE_NEWNS | CLONE_NEWPID},
                                   plan::Propagation{.flags = MS_SLAVE | MS_REC}, plan::Root{.path = rootfs()}} +
           inside +
           std::vector<plan::Step>{plan::Mount{.type = "proc", .source = "proc", .target = "/proc"}, plan::Pivot{},
                                   plan::Program{.arguments = {"/bin/sh", "-c", script}, .environment = {"PATH=/bin"}},
                                   plan::CloseDescriptors{.first = 3}, plan::Exec{}};
  }

  static plan::Mount devpts() {
    return {.type = "devpts", .source = "devpts", .target = "/dev/pts", .data = "newinstance,ptmxmode=0666,mode=0620"};
  }

  static std::vector<plan::Step> terminal() {
    return {plan::Session{}, plan::Terminal{.uid = 1000, .rows = 24, .columns = 80, .console = 1}};
  }

  void start_shell(const std::string& script) { start(around(std::vector<plan::Step>{devpts()} + terminal(), script)); }

  // The one descriptor of point `console`.
  Fd hear_master() {
    hear_pid();
    Heard heard = hear();
    EXPECT_EQ(heard.message.point, Point::console) << std::strerror(heard.message.error) << " " << heard.message.text;
    EXPECT_EQ(heard.descriptors.size(), 1U);
    return heard.descriptors.size() == 1 ? std::move(heard.descriptors[0]) : Fd();
  }

  // To the end: nobody has the slave open any more.
  static std::string read_master(const Fd& master) {
    std::string text;
    std::array<char, 4096> buffer;
    pollfd readable{master.get(), POLLIN, 0};
    while (::poll(&readable, 1, kPatience) > 0) {
      const ssize_t size = ::read(master.get(), buffer.data(), buffer.size());
      if (size <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ADD_FAILURE() << "the terminal has no end after: " << text;
    return text;
  }

  // The Terminal step behind `before` fails.
  void expect_refused(const std::vector<plan::Step>& before, int error, const std::string& operand) {
    constexpr std::size_t kOthers = 4;  // Fork, Propagation, Root, Session
    start(around(before + terminal(), "true"));
    hear_pid();
    expect_failure(static_cast<std::uint32_t>(kOthers + before.size()), error, operand);
    reset();
  }
};

TEST_F(TerminalStep, SendsTheMasterOfATerminalWithTheSizeOfThePlan) {
  start_shell("true");
  const Fd master = hear_master();
  winsize size{};
  EXPECT_EQ(kernel::get_size(master.get(), size), 0);
  EXPECT_EQ(size.ws_row, 24);
  EXPECT_EQ(size.ws_col, 80);
}

TEST_F(TerminalStep, GivesTheProgramTheSlaveWhenTheHostHasAnswered) {
  start_shell("for n in 0 1 2; do readlink /proc/self/fd/$n; done; stat -c %u /dev/pts/0");
  const Fd master = hear_master();
  answer(Point::console);
  EXPECT_EQ(read_master(master), "/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n1000\r\n");
  expect_end();
  EXPECT_EQ(wait(), 0);
}

TEST_F(TerminalStep, KeepsNoMaster) {
  start_shell("ls -l /proc/self/fd");
  const Fd master = hear_master();
  answer(Point::console);
  EXPECT_THAT(read_master(master), Not(HasSubstr("ptmx")));
  EXPECT_EQ(wait(), 0);
}

TEST_F(TerminalStep, LeavesWithoutAWordWhenTheHostSaysSo) {
  start_shell("true");
  const Fd master = hear_master();
  answer(Point::console, 0, {}, ECANCELED);
  expect_end();
  EXPECT_EQ(wait(), 1);
}

TEST_F(TerminalStep, LeavesWhenTheHostDies) {
  start_shell("true");
  const Fd master = hear_master();
  hang_up();
  EXPECT_EQ(wait(), 1);
}

TEST_F(TerminalStep, TakesNoDescriptorForAnAnswer) {
  start_shell("true");
  const Fd master = hear_master();
  answer(Point::console, 0, {master.get()});
  const Heard heard = hear();
  expect_record(heard.message, 5, EPROTO, "the host's answer");
}

TEST_F(TerminalStep, RefusesAConsoleThatIsALink) {
  for (const char* target : {"/etc/victim", "../etc/victim", "pts/ptmx"}) {
    std::filesystem::remove(rootfs("/dev/console"));
    std::filesystem::create_symlink(target, rootfs("/dev/console"));
    expect_refused({devpts()}, ELOOP, "/dev/console");
    EXPECT_FALSE(std::filesystem::exists(rootfs("/etc/victim")));
  }
}

TEST_F(TerminalStep, RefusesAConsoleThatIsADirectory) {
  std::filesystem::create_directories(rootfs("/dev/console"));
  expect_refused({devpts()}, EISDIR, "/dev/console");
}

TEST_F(TerminalStep, CoversAConsoleOfAnyOtherKind) {
  ASSERT_EQ(::mkfifo(rootfs("/dev/console").c_str(), 0600), 0);
  start_shell("echo hello > /dev/console");
  const Fd master = hear_master();
  answer(Point::console);
  EXPECT_EQ(read_master(master), "hello\r\n");
  EXPECT_EQ(wait(), 0);
}

TEST_F(TerminalStep, RefusesADevptsBehindALink) {
  std::filesystem::remove(rootfs("/dev/pts"));
  std::filesystem::create_symlink("../tmp", rootfs("/dev/pts"));
  plan::Mount elsewhere = devpts();
  elsewhere.target = "/tmp";
  expect_refused({elsewhere}, ELOOP, "/dev/pts");
}

TEST_F(TerminalStep, RefusesADirectoryThatIsNoDevpts) {
  ASSERT_EQ(::mkfifo(rootfs("/dev/pts/ptmx").c_str(), 0600), 0);
  expect_refused({}, ENODEV, "/dev/pts");
  expect_refused({plan::Mount{.type = "tmpfs", .source = "tmpfs", .target = "/dev/pts"}}, ENODEV, "/dev/pts");
}

TEST_F(TerminalStep, RefusesAMultiplexerUnderAMount) {
  write_file("other", "");
  expect_refused({devpts(), plan::Mount{.source = path("other"), .target = "/dev/pts/ptmx", .flags = wire::kBind}}, EXDEV,
                 "/dev/pts/ptmx");
}

TEST_F(TerminalStep, SaysThatThereIsNoDevpts) {
  std::filesystem::remove(rootfs("/dev/pts"));
  expect_refused({}, ENOENT, "/dev/pts");
}

}  // namespace
}  // namespace crumb::test
