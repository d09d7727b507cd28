// A container's leaves on the cgroups that this machine really has: v1, hybrid or v2 alike. Needs root.
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "linux/cgroup.h"
#include "linux_support.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

using crumb::testing::content;
using crumb::testing::error_of;
using crumb::testing::put;
using crumb::testing::Sleeper;
using crumb::testing::TemporaryDirectory;
using plan::CgroupLeaf;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string directory_of(const CgroupLeaf& leaf) { return leaf.mountpoint + leaf.path; }

class Cgroup : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    layout_ = find_cgroups();
    if (layout_.mode == plan::CgroupMode::none) GTEST_SKIP() << "this machine has no cgroups";
    path_ = fmt::format("/crumb-test-{}-{}", getpid(), ::testing::UnitTest::GetInstance()->current_test_info()->name());
    host_ = host_at(path_);
  }

  void TearDown() override {
    if (path_.empty()) return;
    remove_cgroups(host_.cgroup_leaves);
    for (const CgroupLeaf& leaf : host_at(path_).cgroup_leaves) rmdir(directory_of(leaf).c_str());
  }

  // As the Plan has it: a leaf in each hierarchy.
  plan::Host host_at(const std::string& path) const {
    plan::Host host;
    for (const plan::CgroupHierarchy& hierarchy : layout_.hierarchies) {
      const bool beside_v1 = hierarchy.unified && layout_.mode == plan::CgroupMode::hybrid;
      host.cgroup_leaves.push_back({hierarchy.mountpoint, path, beside_v1 ? std::vector<std::string>() : hierarchy.controllers,
                                    hierarchy.unified, layout_.mode == plan::CgroupMode::v2});
    }
    return host;
  }

  // pids.max has one name and one form in both versions.
  std::size_t pids() const {
    for (std::size_t i = 0; i < host_.cgroup_leaves.size(); ++i)
      if (std::ranges::count(host_.cgroup_leaves[i].controllers, "pids")) return i;
    throw fail("this machine has no controller \"pids\"");
  }

  const CgroupLeaf& pids_leaf() const { return host_.cgroup_leaves[pids()]; }

  void add_write(const std::string& file, const std::string& value) {
    host_.cgroup_leaves[pids()].required = true;
    host_.cgroup_writes.push_back({pids(), file, value, "linux.resources.pids.limit"});
  }

  std::vector<std::string> what_is_left() const {
    std::vector<std::string> left;
    for (const CgroupLeaf& leaf : host_.cgroup_leaves)
      if (exists(directory_of(leaf))) left.push_back(directory_of(leaf));
    return left;
  }

  // Freezes the leaf by hand; both versions answer before all have stopped.
  void freeze() const {
    for (const CgroupLeaf& leaf : host_.cgroup_leaves) {
      const bool v1 = std::ranges::count(leaf.controllers, "freezer") > 0;
      if (v1) put(directory_of(leaf) + "/freezer.state", "FROZEN");
      if (layout_.mode == plan::CgroupMode::v2) put(directory_of(leaf) + "/cgroup.freeze", "1");
    }
  }

  plan::CgroupLayout layout_;
  std::string path_;
  plan::Host host_;
};

TEST_F(Cgroup, ALeafIsMadeInEveryHierarchyAndRemovedFromEveryOne) {
  create_cgroups(host_);
  for (const CgroupLeaf& leaf : host_.cgroup_leaves) EXPECT_TRUE(exists(directory_of(leaf))) << directory_of(leaf);
  remove_cgroups(host_.cgroup_leaves);
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, ALimitIsWritten) {
  add_write("pids.max", "7");
  create_cgroups(host_);
  EXPECT_EQ(content(directory_of(pids_leaf()) + "/pids.max"), "7\n");
}

TEST_F(Cgroup, AProcessJoinsEveryLeaf) {
  create_cgroups(host_);
  const Sleeper process;
  join_cgroups(host_.cgroup_leaves, process.pid());
  for (const CgroupLeaf& leaf : host_.cgroup_leaves)
    EXPECT_EQ(content(directory_of(leaf) + "/cgroup.procs"), fmt::format("{}\n", process.pid())) << directory_of(leaf);
}

TEST_F(Cgroup, AProcessOfSeveralLeavesIsListedOnce) {
  create_cgroups(host_);
  const Sleeper first, second;
  join_cgroups(host_.cgroup_leaves, first.pid());
  join_cgroups(host_.cgroup_leaves, second.pid());
  EXPECT_THAT(cgroup_processes(host_.cgroup_leaves), ElementsAre(first.pid(), second.pid()));
}

TEST_F(Cgroup, ALeafBelowAnotherGetsWhatItNeedsOnEveryLevel) {
  host_ = host_at(path_ + "/middle/leaf");
  add_write("pids.max", "9");
  create_cgroups(host_);
  EXPECT_EQ(content(directory_of(pids_leaf()) + "/pids.max"), "9\n");
  const Sleeper process;
  join_cgroups(host_.cgroup_leaves, process.pid());  // v1: impossible while a cpuset is empty
  for (const CgroupLeaf& leaf : host_.cgroup_leaves)
    EXPECT_EQ(content(directory_of(leaf) + "/cgroup.procs"), fmt::format("{}\n", process.pid())) << directory_of(leaf);
  remove_cgroups(host_.cgroup_leaves);
  EXPECT_THAT(what_is_left(), IsEmpty());
  for (const CgroupLeaf& leaf : host_.cgroup_leaves) rmdir((leaf.mountpoint + path_ + "/middle").c_str());
}

TEST_F(Cgroup, AValueThatTheKernelRefusesIsNamedWithItsPlaceAndFileAndNothingIsLeft) {
  add_write("pids.max", "several");
  EXPECT_EQ(error_of([&] { create_cgroups(host_); }),
            fmt::format(
                "config.json: linux.resources.pids.limit: cgroup \"{}\" in {}: write \"several\" to pids.max: Invalid argument",
                path_, pids_leaf().mountpoint));
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, ALimitThatTheKernelDoesNotHaveIsNamed) {
  add_write("pids.nonsense", "1");
  EXPECT_THAT(error_of([&] { create_cgroups(host_); }), EndsWith("this kernel has no pids.nonsense"));
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, ALimitsFileIsNeverOutsideTheLeaf) {
  add_write("../pids.max", "1");
  EXPECT_THAT(error_of([&] { create_cgroups(host_); }), EndsWith("\"../pids.max\": not a file of a cgroup"));
}

TEST_F(Cgroup, AParentThatWasMadeGoesAwayWithAFailedCreation) {
  host_ = host_at(path_ + "/leaf");
  add_write("pids.max", "several");
  EXPECT_THROW(create_cgroups(host_), Error);
  for (const CgroupLeaf& leaf : host_.cgroup_leaves) EXPECT_FALSE(exists(leaf.mountpoint + path_)) << leaf.mountpoint;
}

TEST_F(Cgroup, OnlyARequiredLeafThatCannotBeMadeIsAnError) {
  CgroupLeaf odd{"/proc", path_, {"memory"}, false, false};
  host_.cgroup_leaves.push_back(odd);
  create_cgroups(host_);
  host_.cgroup_leaves.back().required = true;
  EXPECT_THAT(error_of([&] { create_cgroups(host_); }), StartsWith(fmt::format("cgroup \"{}\" in /proc: make ", path_)));
}

TEST_F(Cgroup, ALeafThatHoldsProcessesIsRefusedEvenWhenItIsNotRequired) {
  create_cgroups(host_);
  const Sleeper process;
  join_cgroups({pids_leaf()}, process.pid());
  for (const bool required : {true, false}) {
    for (CgroupLeaf& leaf : host_.cgroup_leaves) leaf.required = required;
    EXPECT_EQ(error_of([&] { create_cgroups(host_); }), fmt::format("cgroup \"{}\": already holds processes", path_));
  }
  EXPECT_TRUE(exists(directory_of(pids_leaf()))) << "it was not ours to undo";
}

TEST_F(Cgroup, AFrozenLeafIsRefused) {
  create_cgroups(host_);
  freeze();
  EXPECT_EQ(error_of([&] { create_cgroups(host_); }), fmt::format("cgroup \"{}\": is frozen", path_));
}

TEST_F(Cgroup, AFrozenContainerIsSeen) {
  create_cgroups(host_);
  EXPECT_FALSE(cgroups_frozen(host_.cgroup_leaves));
  freeze();
  EXPECT_TRUE(cgroups_frozen(host_.cgroup_leaves));
}

TEST_F(Cgroup, AFrozenProcessIsKilledAndItsLeavesRemoved) {
  create_cgroups(host_);
  Sleeper process;
  join_cgroups(host_.cgroup_leaves, process.pid());
  freeze();
  remove_cgroups(host_.cgroup_leaves);
  EXPECT_EQ(process.end(), 128 + SIGKILL);
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, CgroupsThatTheContainerMadeAreRemovedWithTheirProcesses) {
  create_cgroups(host_);
  const CgroupLeaf& leaf = pids_leaf();
  Sleeper near, far;
  const std::string below = directory_of(leaf) + "/mine";
  ASSERT_EQ(mkdir(below.c_str(), 0755), 0);
  ASSERT_EQ(mkdir((below + "/deeper").c_str(), 0755), 0);
  put(below + "/deeper/cgroup.procs", std::to_string(far.pid()));
  join_cgroups(host_.cgroup_leaves, near.pid());
  EXPECT_THAT(cgroup_processes({leaf}), ElementsAre(near.pid(), far.pid()));
  remove_cgroups(host_.cgroup_leaves);
  EXPECT_EQ(near.end(), 128 + SIGKILL);
  EXPECT_EQ(far.end(), 128 + SIGKILL);
  EXPECT_THAT(what_is_left(), IsEmpty());
}

// What a kernel before 5.14 has to do on v2 as well: process by process, without cgroup.kill.
TEST_F(Cgroup, WithoutCgroupKillProcessesAreKilledOneByOne) {
  create_cgroups(host_);
  Sleeper process;
  join_cgroups(host_.cgroup_leaves, process.pid());
  std::vector<CgroupLeaf> leaves = host_.cgroup_leaves;
  for (CgroupLeaf& leaf : leaves) leaf.unified = false;
  remove_cgroups(leaves);
  EXPECT_EQ(process.end(), 128 + SIGKILL);
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, MoreProcessesAreKilledThanDescriptorsMayBeOpen) {
  create_cgroups(host_);
  std::array<Sleeper, 100> processes;
  for (const Sleeper& process : processes) join_cgroups(host_.cgroup_leaves, process.pid());
  const int code = crumb::testing::run_child([&] {
    crumb::testing::limit_descriptors(80);
    kill_cgroups(host_.cgroup_leaves, SIGKILL);
    return 0;
  });
  EXPECT_EQ(code, 0);
  for (Sleeper& process : processes) EXPECT_EQ(process.end(), 128 + SIGKILL);
}

TEST_F(Cgroup, AForkBombIsKilled) {
  create_cgroups(host_);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t bomb = crumb::testing::start_child([&] {
    join_cgroups(host_.cgroup_leaves, getpid());
    for (;;) {  // each generation forks the next one and leaves
      const pid_t next = fork();
      if (next > 0) _exit(0);
      usleep(200);
    }
    return 0;
  });
  crumb::testing::status_of(bomb);
  usleep(20000);
  EXPECT_FALSE(cgroup_processes(host_.cgroup_leaves).empty());
  remove_cgroups(host_.cgroup_leaves);
  EXPECT_THAT(what_is_left(), IsEmpty());
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(Cgroup, ATreeDeeperThanAPathOrTheDescriptorsAllowIsRemoved) {
  create_cgroups(host_);
  const CgroupLeaf& leaf = pids_leaf();
  constexpr int kLevels = 300;
  const int deep = crumb::testing::run_child([&] {
    if (chdir(directory_of(leaf).c_str()) < 0) return 1;
    const std::string name(100, 'x');
    for (int level = 0; level < kLevels; ++level)
      if (mkdir(name.c_str(), 0755) < 0 || chdir(name.c_str()) < 0) return 2;
    return 0;
  });
  ASSERT_EQ(deep, 0);
  const int code = crumb::testing::run_child([&] {
    crumb::testing::limit_descriptors(8);
    remove_cgroups(host_.cgroup_leaves);
    return 0;
  });
  EXPECT_EQ(code, 0);
  EXPECT_THAT(what_is_left(), IsEmpty());
}

TEST_F(Cgroup, ASignalReachesEveryProcess) {
  create_cgroups(host_);
  Sleeper first, second;
  join_cgroups(host_.cgroup_leaves, first.pid());
  join_cgroups(host_.cgroup_leaves, second.pid());
  kill_cgroups(host_.cgroup_leaves, SIGUSR1);
  EXPECT_EQ(first.end(), 128 + SIGUSR1);
  EXPECT_EQ(second.end(), 128 + SIGUSR1);
}

TEST_F(Cgroup, MissingLeavesAreRemovedAlreadyAndHoldNobody) {
  EXPECT_EQ(error_of([&] { remove_cgroups(host_.cgroup_leaves); }), "");
  EXPECT_THAT(cgroup_processes(host_.cgroup_leaves), IsEmpty());
  EXPECT_FALSE(cgroups_frozen(host_.cgroup_leaves));
}

TEST_F(Cgroup, JoiningALeafThatIsGoneSaysSo) {
  host_.cgroup_leaves[pids()].required = true;
  EXPECT_EQ(
      error_of([&] { join_cgroups({pids_leaf()}, getpid()); }),
      fmt::format("cgroup \"{}\" in {}: process {} cannot join: it does not exist", path_, pids_leaf().mountpoint, getpid()));
}

// The unified hierarchy of hybrid machines has the rule too, whatever controller is left for it.
TEST_F(Cgroup, AControllerThatVersion2CannotGiveIsExplained) {
  const auto unified = std::ranges::find_if(layout_.hierarchies, &plan::CgroupHierarchy::unified);
  if (unified == layout_.hierarchies.end()) GTEST_SKIP() << "no cgroup v2 here";
  // Of those that cannot be threaded.
  const auto found = std::ranges::find_if(
      unified->controllers, [](const std::string& name) { return name == "memory" || name == "io" || name == "hugetlb"; });
  if (found == unified->controllers.end()) GTEST_SKIP() << "no controller of cgroup v2 here";
  const std::string controller = *found;
  host_.cgroup_leaves = {{unified->mountpoint, path_, {controller}, true, true}};
  create_cgroups(host_);
  const Sleeper process;
  join_cgroups(host_.cgroup_leaves, process.pid());

  plan::Host below;
  below.cgroup_leaves = {{unified->mountpoint, path_ + "/leaf", {controller}, true, true}};
  below.cgroup_writes = {{0, controller + ".max", "1", "linux.resources.unified"}};
  EXPECT_EQ(
      error_of([&] { create_cgroups(below); }),
      fmt::format("config.json: linux.resources.unified: cgroup \"{0}/leaf\" in {1}: it has no {2}.max: controller \"{2}\" is "
                  "off: {1}{0}/cgroup.subtree_control refuses it: that cgroup holds processes itself, and only a cgroup "
                  "without any can give controllers to its children",
                  path_, unified->mountpoint, controller));
  EXPECT_FALSE(exists(directory_of(below.cgroup_leaves[0])));
}

TEST_F(Cgroup, ALeafThatVersion2MadeThreadedIsExplained) {
  const auto unified = std::ranges::find_if(layout_.hierarchies, &plan::CgroupHierarchy::unified);
  if (unified == layout_.hierarchies.end() || !std::ranges::count(unified->controllers, "pids"))
    GTEST_SKIP() << "no controller \"pids\" of cgroup v2 here";
  host_.cgroup_leaves = {{unified->mountpoint, path_, {"pids"}, true, true}};
  create_cgroups(host_);
  const Sleeper above, process;
  join_cgroups(host_.cgroup_leaves, above.pid());

  plan::Host below;
  below.cgroup_leaves = {{unified->mountpoint, path_ + "/leaf", {"pids"}, true, true}};
  create_cgroups(below);
  EXPECT_EQ(
      error_of([&] { join_cgroups(below.cgroup_leaves, process.pid()); }),
      fmt::format("cgroup \"{}/leaf\" in {}: process {} cannot join: a cgroup above it holds processes itself, so it is only "
                  "for threads",
                  path_, unified->mountpoint, process.pid()));
}

TEST_F(Cgroup, AControllerThatTheKernelDoesNotHaveIsExplained) {
  const auto unified = std::ranges::find_if(layout_.hierarchies, &plan::CgroupHierarchy::unified);
  if (unified == layout_.hierarchies.end()) GTEST_SKIP() << "no cgroup v2 here";
  host_.cgroup_leaves = {{unified->mountpoint, path_, {"nonsense"}, true, true}};
  host_.cgroup_writes = {{0, "nonsense.max", "1", "linux.resources.unified"}};
  EXPECT_THAT(error_of([&] { create_cgroups(host_); }), EndsWith("this kernel does not have the controller"));
}

// A mountpoint that is no cgroup: should the check fail, nothing of the machine is at stake.
TEST(CgroupPath, TheRootOfAHierarchyIsNobodysLeaf) {
  const TemporaryDirectory root;
  ASSERT_EQ(mkdir((root / "a").c_str(), 0755), 0);
  for (const char* path : {"", "/", "//", "/.", "/..", "/a/..", "/a/../..", "/a//b", "/a/", "a", "/a/./b"}) {
    const CgroupLeaf leaf{root.path(), path, {}, false, false};
    plan::Host host;
    host.cgroup_leaves = {leaf};
    EXPECT_NE(error_of([&] { create_cgroups(host); }), "") << path;
    EXPECT_NE(error_of([&] { join_cgroups({leaf}, getpid()); }), "") << path;
    EXPECT_NE(error_of([&] { kill_cgroups({leaf}, SIGURG); }), "") << path;
    EXPECT_NE(error_of([&] { remove_cgroups({leaf}); }), "") << path;
  }
  EXPECT_TRUE(exists(root / "a"));
}

TEST(CgroupPath, ADirectoryThatIsNoCgroupIsLeftAlone) {
  const TemporaryDirectory root;
  ASSERT_EQ(mkdir((root / "a").c_str(), 0755), 0);
  remove_cgroups({{root.path(), "/a", {}, false, true}});
  EXPECT_TRUE(exists(root / "a"));
}

#ifdef CRUMB_SEAM
TEST_F(Cgroup, WhateverCallFailsWhileLeavesAreMadeNothingIsLeft) {
  for (CgroupLeaf& leaf : host_.cgroup_leaves) leaf.required = true;
  const int count = static_cast<int>(host_.cgroup_leaves.size());
  for (int nth = 1; nth <= count; ++nth) {
    const std::string message =
        crumb::testing::error_under(fmt::format("mkdirat#{}=ENOSPC", nth).c_str(), [&] { create_cgroups(host_); });
    EXPECT_THAT(message, EndsWith("No space left on device")) << nth;
    EXPECT_THAT(what_is_left(), IsEmpty()) << nth;
  }
}

TEST_F(Cgroup, AKilledCreationIsRemovedLater) {
  int step = 1;
  for (int code = 128 + SIGKILL; code == 128 + SIGKILL; ++step) {
    code = crumb::testing::run_child([&] {
      kernel::seam_start(fmt::format("kill@{}", step).c_str());
      create_cgroups(host_);
      return 0;
    });
    remove_cgroups(host_.cgroup_leaves);
    ASSERT_THAT(what_is_left(), IsEmpty()) << "killed at call " << step;
  }
  EXPECT_GT(step, 5);
}

TEST_F(Cgroup, ALeafThatIsRemovedWhileItIsReadIsNotFrozen) {
  create_cgroups(host_);
  freeze();
  EXPECT_EQ(crumb::testing::error_under("read=ENODEV", [&] { cgroups_frozen(host_.cgroup_leaves); }), "");
  EXPECT_THAT(crumb::testing::error_under("read=EIO", [&] { cgroups_frozen(host_.cgroup_leaves); }),
              EndsWith("Input/output error"));
}

TEST_F(Cgroup, ALeafThatStaysBusyIsAnErrorThatNamesIt) {
  create_cgroups(host_);
  const std::string message =
      crumb::testing::error_under("unlinkat=EBUSY,clock_nanosleep=EINTR", [&] { remove_cgroups({pids_leaf()}); });
  EXPECT_EQ(message,
            fmt::format("cgroup \"{}\" in {}: cannot be removed: Device or resource busy", path_, pids_leaf().mountpoint));
}

TEST_F(Cgroup, OneLeafThatCannotBeRemovedDoesNotKeepTheOthers) {
  create_cgroups(host_);
  // All are tried once, then those that are left.
  const std::string twice = fmt::format("unlinkat#{}=EROFS,unlinkat#1=EROFS", host_.cgroup_leaves.size() + 1);
  const std::string message = crumb::testing::error_under(twice.c_str(), [&] { remove_cgroups(host_.cgroup_leaves); });
  EXPECT_THAT(message, EndsWith("Read-only file system"));
  EXPECT_THAT(what_is_left(), ElementsAre(directory_of(host_.cgroup_leaves[0])));
}
#endif

}  // namespace
}  // namespace crumb::linux
