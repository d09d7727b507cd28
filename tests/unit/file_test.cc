// Files as whole things, and what is left when a call fails.
#include "support/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "linux_support.h"

namespace crumb {
namespace {

using testing::content;
using ::testing::EndsWith;
using testing::error_of;
using testing::put;
using testing::TemporaryDirectory;

class File : public ::testing::Test {
 protected:
  std::size_t names() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  TemporaryDirectory folder_;
};

TEST_F(File, IsReadWhole) {
  const std::string text(100000, 'x');
  put(folder_ / "a", text);
  EXPECT_EQ(read_file(folder_ / "a"), text);
}

TEST_F(File, OfTheKernelsIsReadThoughItsSizeIsZero) { EXPECT_EQ(read_file("/proc/self/comm"), content("/proc/self/comm")); }

TEST_F(File, IsReadFromWhereItsDescriptorStands) {
  put(folder_ / "a", "12345");
  const Fd file(::open((folder_ / "a").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::lseek(file.get(), 3, SEEK_SET), 3);
  EXPECT_EQ(read_all(file.get(), "a"), "45");
}

TEST_F(File, LargerThanTheLimitIsRefused) {
  put(folder_ / "a", "12345");
  EXPECT_EQ(read_file(AT_FDCWD, folder_ / "a", 5), "12345");
  EXPECT_EQ(error_of([&] { read_file(AT_FDCWD, folder_ / "a", 4); }), (folder_ / "a") + ": larger than 4 bytes");
}

TEST_F(File, AFifoIsNotWaitedFor) {
  ASSERT_EQ(mkfifo((folder_ / "a").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read_file(folder_ / "a"); }), EndsWith("not a regular file"));
}

TEST_F(File, ADirectoryIsRefused) {
  EXPECT_THAT(error_of([&] { read_file(folder_.path()); }), EndsWith("not a regular file"));
}

TEST_F(File, IsReplacedWholeWithTheModeAskedFor) {
  put(folder_ / "a", "old and longer");
  replace_file(AT_FDCWD, folder_ / "a", "new", 0640);
  EXPECT_EQ(content(folder_ / "a"), "new");
  struct stat facts{};
  ASSERT_EQ(stat((folder_ / "a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0640U);
  EXPECT_EQ(names(), 1U);
}

TEST_F(File, ReplacingALinkReplacesTheLinkAndNotWhatItLeadsTo) {
  put(folder_ / "target", "mine");
  ASSERT_EQ(symlink("target", (folder_ / "a").c_str()), 0);
  replace_file(AT_FDCWD, folder_ / "a", "new");
  EXPECT_EQ(content(folder_ / "target"), "mine");
  EXPECT_EQ(content(folder_ / "a"), "new");
}

TEST_F(File, DirectoriesAreMadeWithTheirParents) {
  make_directories(folder_ / "a/b/c/", 0700);
  make_directories(folder_ / "a/b/c", 0700);
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "a/b/c"));
  put(folder_ / "file", "");
  EXPECT_EQ(error_of([&] { make_directories(folder_ / "file/b", 0700); }),
            (folder_ / "file/b") + ": make the directory: Not a directory");
}

TEST_F(File, ARealPathHasNoLinks) {
  make_directories(folder_ / "a/b", 0700);
  ASSERT_EQ(symlink("a", (folder_ / "link").c_str()), 0);
  EXPECT_EQ(real_path(folder_ / "link/../link/b"), std::filesystem::canonical(folder_ / "a/b"));
  EXPECT_THAT(error_of([&] { real_path(folder_ / "nothing"); }), ::testing::StartsWith(folder_ / "nothing: "));
}

TEST_F(File, ALinkIsReadWhole) {
  const std::string target(3000, 'x');
  ASSERT_EQ(symlink(target.c_str(), (folder_ / "a").c_str()), 0);
  EXPECT_EQ(read_link(folder_ / "a"), target);
}

#ifdef CRUMB_SEAM
TEST_F(File, AFailedReplacementLeavesTheOldFileAlone) {
  put(folder_ / "a", "old");
  for (const auto& [rules, reason] :
       {std::pair{"write=ENOSPC", "No space left on device"}, std::pair{"renameat2=EROFS", "Read-only file system"},
        std::pair{"openat=EDQUOT", "Disk quota exceeded"}}) {
    EXPECT_EQ(testing::error_under(rules, [&] { replace_file(AT_FDCWD, folder_ / "a", "new"); }),
              fmt::format("{}: {}", folder_ / "a", reason));
    EXPECT_EQ(content(folder_ / "a"), "old") << rules;
    EXPECT_EQ(names(), 1U) << rules;
  }
}

TEST_F(File, AnInterruptedCallIsRepeated) {
  EXPECT_EQ(testing::error_under("write#1=EINTR,read#1=EINTR",
                                 [&] {
                                   replace_file(AT_FDCWD, folder_ / "a", "new");
                                   if (read_file(folder_ / "a") != "new") throw Error("not what was written");
                                 }),
            "");
}

TEST_F(File, AFailedReadIsAnErrorAndNotAShortFile) {
  put(folder_ / "a", std::string(100000, 'x'));
  EXPECT_EQ(testing::error_under("read#1=EIO", [&] { read_file(folder_ / "a"); }), (folder_ / "a") + ": Input/output error");
}

TEST_F(File, APipeIsReadPieceByPieceAndAFailedReadOfOneIsAnError) {
  const auto read_pipe = [] {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd reader(ends[0]);
    {
      const Fd writer(ends[1]);
      write_all(writer.get(), std::string(10000, 'x'), "pipe");
    }
    return read_all(reader.get(), "pipe");
  };
  EXPECT_EQ(read_pipe(), std::string(10000, 'x'));
  EXPECT_EQ(testing::error_under("read#2=EIO", read_pipe), "pipe: Input/output error");
}
#endif

}  // namespace
}  // namespace crumb
