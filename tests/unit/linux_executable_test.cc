// Nobody writes our binaries (CVE-2019-5736): what can be done with /proc/PID/exe of a process that runs one.
#include "linux/executable.h"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>

#include "linux/memory_file.h"
#include "linux/process.h"
#include "linux_support.h"

namespace crumb::linux {
namespace {

using crumb::testing::content;
using crumb::testing::error_of;
using crumb::testing::run_child;
using crumb::testing::TemporaryDirectory;

// A program of the test's own, that anybody could overwrite without harm.
class Executable : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy_file("/bin/sleep", path_);
    original_ = content(path_);
  }

  // What a container does to overwrite the program that runs it: keeps a handle from /proc/PID/exe until the process has ended
  // (before, the kernel says ETXTBSY), then opens that for writing and writes. 0 or the errno that stopped it.
  static int attack(int program) {
    const int pid = spawn(program, {"sleep", "1000"}, {});
    const int handle = open(fmt::format("/proc/{}/exe", pid).c_str(), O_PATH | O_CLOEXEC);
    ::kill(pid, SIGKILL);
    reap(pid);
    int error = 0;
    const int file = open(fmt::format("/proc/self/fd/{}", handle).c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0 || pwrite(file, "evil", 4, 0) < 0) error = errno;
    close(file);
    close(handle);
    return error;
  }

  TemporaryDirectory folder_;
  std::string path_ = folder_ / "program";
  std::string original_;
};

TEST_F(Executable, APlainDescriptorWouldLetItBeOverwritten) {
  const Fd naive(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(attack(naive.get()), 0);
  EXPECT_THAT(content(path_), ::testing::StartsWith("evil"));
}

TEST_F(Executable, CannotBeOverwrittenThroughTheProcessThatRunsIt) {
  const Fd program = open_executable(path_);
  EXPECT_NE(attack(program.get()), 0);
  EXPECT_EQ(content(path_), original_);
}

TEST_F(Executable, IsTheFileItselfInAReadOnlyMountWhereRootCanMakeOne) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const Fd program = open_executable(path_);
  struct stat handed{}, file{};
  ASSERT_EQ(fstat(program.get(), &handed), 0);
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(handed.st_ino, file.st_ino) << "its pages are shared";
  EXPECT_EQ(attack(program.get()), EROFS);
}

TEST_F(Executable, IsCloseOnExec) { EXPECT_EQ(fcntl(open_executable(path_).get(), F_GETFD), FD_CLOEXEC); }

TEST_F(Executable, OneThatIsMissingIsNamedInOurWords) {
  EXPECT_EQ(error_of([&] { open_executable(folder_ / "nothing"); }), (folder_ / "nothing") + ": is not there");
}

TEST(FindProgram, LooksBesideTheRunningProgram) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_TRUE(std::filesystem::equivalent(find_program(self.filename()), self));
  EXPECT_THAT(error_of([] { find_program("crumb-nonsense"); }), ::testing::StartsWith("crumb-nonsense: not installed beside "));
}

TEST(MemoryFile, HoldsTheBytesFromItsBeginning) {
  const Fd file = sealed_memory_file("test", std::string("a\0b", 3));
  char buffer[8];
  EXPECT_EQ(read(file.get(), buffer, sizeof buffer), 3);
  EXPECT_EQ(std::string(buffer, 3), std::string("a\0b", 3));
}

TEST(MemoryFile, CannotBeChanged) {
  const Fd file = sealed_memory_file("test", "text");
  EXPECT_EQ(pwrite(file.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(file.get(), 0), -1);
  EXPECT_EQ(ftruncate(file.get(), 100), -1);
  EXPECT_EQ(mmap(nullptr, 4, PROT_WRITE, MAP_SHARED, file.get(), 0), MAP_FAILED);
  EXPECT_EQ(fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL), -1);
  EXPECT_EQ(fcntl(file.get(), F_GETFD), FD_CLOEXEC);
}

#ifdef CRUMB_SEAM
TEST_F(Executable, IsASealedCopyOnKernelsWithoutReadOnlyClones) {
  for (const char* rules : {"open_tree=ENOSYS", "mount_setattr=ENOSYS", "open_tree=EPERM"}) {
    EXPECT_EQ(run_child([&] {
                kernel::seam_start(rules);
                const Fd program = open_executable(path_);
                return attack(program.get()) == EPERM ? 0 : 1;
              }),
              0)
        << rules;
    EXPECT_EQ(content(path_), original_) << rules;
  }
}

TEST(MemoryFile, IsMadeOnKernelsThatDoNotKnowItsNewFlags) {
  EXPECT_EQ(crumb::testing::error_under("memfd_create#1=EINVAL", [] { sealed_memory_file("test", "text"); }), "");
}

TEST(MemoryFile, WhereExecutableOnesAreForbiddenTheErrorNamesTheSwitch) {
  EXPECT_EQ(crumb::testing::error_under("memfd_create=EACCES", [] { sealed_memory_file("test", "text", true); }),
            "memory file \"test\": sysctl vm.memfd_noexec forbids executable ones");
}
#endif

}  // namespace
}  // namespace crumb::linux
