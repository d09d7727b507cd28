// Limits on the way to a cgroup, in folders that stand in for hierarchies.
#include "linux/cgroup_bounds.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "linux_support.h"

namespace crumb::linux {
namespace {

using crumb::testing::put;
using crumb::testing::TemporaryDirectory;

constexpr char kNoLimitOfV1[] = "9223372036854771712\n";

class CgroupBounds : public ::testing::Test {
 protected:
  // A file below the hierarchy's root.
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root() + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    put(path, text);
  }
  std::string root() const { return folder_.path(); }

  plan::CgroupLeaf v2() const { return {root(), "/pod/web", {}, true, true}; }
  plan::CgroupLeaf v1(const std::string& controller) const { return {root(), "/pod/web", {controller}, false, true}; }

 private:
  TemporaryDirectory folder_;
};

TEST_F(CgroupBounds, AreTheSmallestOnTheWay) {
  write("memory.max", "max\n");
  write("pod/memory.max", "1000000\n");
  write("pod/web/memory.max", "2000000\n");
  write("pod/pids.max", "max\n");
  write("pod/web/pids.max", "7\n");
  const plan::CgroupBounds bounds = cgroup_bounds({v2()});
  EXPECT_EQ(bounds.memory, 1000000U);
  EXPECT_EQ(bounds.processes, 7U);
}

TEST_F(CgroupBounds, CountTheRootAsCrumbSeesIt) {
  write("memory.max", "4096\n");
  EXPECT_EQ(cgroup_bounds({v2()}).memory, 4096U);
}

TEST_F(CgroupBounds, OfVersion1AreInTheirControllersHierarchies) {
  write("memory.limit_in_bytes", kNoLimitOfV1);
  write("pod/memory.limit_in_bytes", "3000000\n");
  write("pod/web/pids.max", "9\n");
  EXPECT_EQ(cgroup_bounds({v1("memory")}).memory, 3000000U);
  EXPECT_FALSE(cgroup_bounds({v1("memory")}).processes);
  EXPECT_EQ(cgroup_bounds({v1("pids")}).processes, 9U);
  EXPECT_FALSE(cgroup_bounds({v1("cpu")}).memory);
}

TEST_F(CgroupBounds, AreNoneWhereNothingIsLimited) {
  write("pod/web/memory.limit_in_bytes", kNoLimitOfV1);
  EXPECT_FALSE(cgroup_bounds({v1("memory")}).memory);
  EXPECT_FALSE(cgroup_bounds({v2()}).memory);
  EXPECT_FALSE(cgroup_bounds({}).memory);
}

}  // namespace
}  // namespace crumb::linux
