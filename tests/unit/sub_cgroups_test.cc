#include "container/sub_cgroups.h"

#include <gmock/gmock.h>

#include "support/error.h"

namespace crumb::container {
namespace {

using ::testing::ElementsAre;

std::vector<plan::CgroupLeaf> version_1() {
  return {{"/sys/fs/cgroup/cpu,cpuacct", "/web", {"cpu", "cpuacct"}}, {"/sys/fs/cgroup/systemd", "/web", {"name=systemd"}}};
}

std::vector<plan::CgroupLeaf> version_2() { return {{"/sys/fs/cgroup", "/web", {"cpu", "memory"}, true}}; }

std::vector<std::string> paths(const std::vector<plan::CgroupLeaf>& leaves) {
  std::vector<std::string> found;
  for (const plan::CgroupLeaf& leaf : leaves) found.push_back(leaf.path);
  return found;
}

std::string error_of(const std::vector<plan::CgroupLeaf>& leaves, const SubCgroups& wanted) {
  try {
    below(leaves, wanted);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SubCgroupsOf, NothingWantedIsTheContainersOwn) { EXPECT_THAT(paths(below(version_1(), {})), ElementsAre("/web", "/web")); }

TEST(SubCgroupsOf, APathAloneIsForEveryHierarchy) {
  EXPECT_THAT(paths(below(version_1(), {{"", "/a//b/"}})), ElementsAre("/web/a/b", "/web/a/b"));
  EXPECT_THAT(paths(below(version_2(), {{"", "./a"}})), ElementsAre("/web/a"));
}

TEST(SubCgroupsOf, AControllersPathIsForItsHierarchy) {
  EXPECT_THAT(paths(below(version_1(), {{"cpuacct", "a"}})), ElementsAre("/web/a", "/web"));
  EXPECT_THAT(paths(below(version_1(), {{"name=systemd", "a"}})), ElementsAre("/web", "/web/a"));
}

TEST(SubCgroupsOf, NothingLeadsOut) {
  for (const char* path : {"..", "../x", "a/../../x", "a/.."})
    EXPECT_EQ(error_of(version_2(), {{"", path}}), fmt::format("exec: option --cgroup: \"{}\" must not hold \"..\"", path));
}

TEST(SubCgroupsOf, AControllerNeedsAHierarchyOfItsOwn) {
  EXPECT_EQ(error_of(version_1(), {{"memory", "a"}}),
            "exec: option --cgroup: the container has no cgroup of controller \"memory\" alone");
  EXPECT_EQ(error_of(version_2(), {{"cpu", "a"}}),
            "exec: option --cgroup: the container has no cgroup of controller \"cpu\" alone");
  EXPECT_EQ(error_of({}, {{"", "a"}}), "exec: option --cgroup: the container has no cgroups");
}

}  // namespace
}  // namespace crumb::container
