// Mount points in a tree that is full of traps.
#include "linux/mount_points.h"

#include <gmock/gmock.h>

#include "linux_support.h"

namespace crumb::linux {
namespace {

namespace fs = std::filesystem;
using crumb::testing::error_of;
using crumb::testing::TemporaryDirectory;
using ::testing::HasSubstr;

class MountPoints : public ::testing::Test {
 protected:
  MountPoints() {
    fs::create_directory(root_);
    fd_ = Fd(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  Fd make(const std::string& path, bool directory = true) const { return open_mount_point(fd_.get(), path, directory); }

  TemporaryDirectory folder_;
  const fs::path root_ = folder_ / "root";
  Fd fd_;
};

TEST_F(MountPoints, AreMadeWithTheirParents) {
  make("/a/b/c");
  make("/a/file", false);
  EXPECT_TRUE(fs::is_directory(root_ / "a/b/c"));
  EXPECT_TRUE(fs::is_regular_file(root_ / "a/file"));
}

TEST_F(MountPoints, WhatIsThereIsTakenAsItIs) {
  fs::create_directory(root_ / "there");
  std::ofstream(root_ / "there/file") << "kept";
  make("/there/file", false);
  EXPECT_EQ(fs::file_size(root_ / "there/file"), 4U);
}

TEST_F(MountPoints, LinksAreFollowedInsideTheRootOnly) {
  fs::create_directory(folder_ / "outside");
  fs::create_directory_symlink("../../../.." + (folder_ / "outside"), root_ / "up");
  fs::create_directory_symlink(folder_ / "outside", root_ / "absolute");
  fs::create_directory_symlink("missing/below", root_ / "dangling");
  make("/up/made");
  make("/absolute/made");
  make("/dangling/made");
  EXPECT_TRUE(fs::is_empty(folder_ / "outside"));
  EXPECT_TRUE(fs::is_directory(root_ / "missing/below/made"));
  EXPECT_TRUE(fs::is_directory(root_.string() + (folder_ / "outside") + "/made"));
}

TEST_F(MountPoints, DotsDoNotLeadOut) {
  make("/a/../../../b/./c");
  EXPECT_TRUE(fs::is_directory(root_ / "b/c"));
  EXPECT_FALSE(fs::exists(folder_ / "b"));
}

TEST_F(MountPoints, ALoopOfLinksAndAFileOnTheWayAreErrors) {
  fs::create_symlink("loop", root_ / "loop");
  std::ofstream(root_ / "file") << "x";
  EXPECT_THAT(error_of([&] { make("/loop/x"); }), HasSubstr("/loop/x"));
  EXPECT_THAT(error_of([&] { make("/file/x"); }), HasSubstr("/file/x"));
}

}  // namespace
}  // namespace crumb::linux
