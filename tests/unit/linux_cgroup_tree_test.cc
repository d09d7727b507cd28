// Where a leaf's cgroups are.
#include "linux/cgroup_tree.h"

#include <gmock/gmock.h>

#include "linux_support.h"

namespace crumb::linux {
namespace {

using ::testing::ElementsAre;
using testing::error_of;

plan::CgroupLeaf leaf(const std::string& path, const std::string& mountpoint = "/sys/fs/cgroup") {
  return {.mountpoint = mountpoint, .path = path, .controllers = {}};
}

TEST(CgroupTree, EachCgroupOnTheWayIsALevel) {
  EXPECT_THAT(cgroup_levels(leaf("/a")), ElementsAre("/sys/fs/cgroup/a"));
  EXPECT_THAT(cgroup_levels(leaf("/a/b c/d.slice")),
              ElementsAre("/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b c", "/sys/fs/cgroup/a/b c/d.slice"));
  EXPECT_THAT(cgroup_levels(leaf("/...")), ElementsAre("/sys/fs/cgroup/..."));
}

TEST(CgroupTree, TheLastLevelIsTheLeafsDirectory) {
  EXPECT_EQ(cgroup_directory(leaf("/a/b")), "/sys/fs/cgroup/a/b");
  EXPECT_EQ(cgroup_directory(leaf("/a", "/mnt/my cgroups")), "/mnt/my cgroups/a");
}

TEST(CgroupTree, APathThatIsNotPlainIsRefused) {
  for (const char* path : {"/", "/a/", "//a", "/a//b", "/.", "/a/..", "/../a", "/a/./b"})
    EXPECT_THAT(error_of([&] { cgroup_directory(leaf(path)); }), ::testing::HasSubstr("cannot be a part of a cgroup's path"))
        << path;
  EXPECT_THAT(error_of([] { cgroup_directory(leaf(std::string("/a\0b", 4))); }), ::testing::HasSubstr("cannot be a part"));
}

TEST(CgroupTree, APathThatIsNotAbsoluteIsRefused) {
  for (const plan::CgroupLeaf& wrong : {leaf(""), leaf("a"), leaf("/a", "cgroup")})
    EXPECT_THAT(error_of([&] { cgroup_levels(wrong); }), ::testing::HasSubstr("not an absolute path"));
}

}  // namespace
}  // namespace crumb::linux
