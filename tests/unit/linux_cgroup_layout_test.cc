// Which cgroup hierarchies a machine has, read from texts as its kernel writes them.
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "linux/cgroup.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

using plan::CgroupLayout;
using plan::CgroupMode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSystemd[] =
    "23 29 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,size=4096k,nr_inodes=1024,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    "33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:10 - cgroup cgroup rw,xattr,name=systemd\n"
    "36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:14 - cgroup cgroup rw,cpu,cpuacct\n"
    "37 31 0:34 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,memory\n";

TEST(CgroupLayout, HierarchiesOfVersion1BesideAUnifiedOneAreHybrid) {
  const CgroupLayout layout = parse_cgroups(kSystemd);
  EXPECT_EQ(layout.mode, CgroupMode::hybrid);
  ASSERT_THAT(layout.hierarchies, SizeIs(4));
  EXPECT_TRUE(layout.hierarchies[0].unified);
  EXPECT_EQ(layout.hierarchies[0].mountpoint, "/sys/fs/cgroup/unified");
}

TEST(CgroupLayout, ANamedHierarchyIsKnownByItsName) {
  EXPECT_THAT(parse_cgroups(kSystemd).hierarchies[1].controllers, ElementsAre("name=systemd"));
}

TEST(CgroupLayout, CrumbsOwnCgroupsAreThoseOfTheHierarchiesThatAreMounted) {
  constexpr char kOwn[] = "9:memory:/user/a:b\n8:cpu,cpuacct:/\n7:pids:/none\n1:name=systemd:/../out\n0::/user.slice\n";
  const std::vector<plan::CgroupLeaf> own = parse_own_cgroups(parse_cgroups(kSystemd), kOwn);
  ASSERT_THAT(own, SizeIs(3));
  EXPECT_EQ(own[0].mountpoint + own[0].path, "/sys/fs/cgroup/memory/user/a:b");
  EXPECT_EQ(own[1].mountpoint + own[1].path, "/sys/fs/cgroup/cpu,cpuacct/");
  EXPECT_TRUE(own[2].unified);
  EXPECT_EQ(own[2].path, "/user.slice");
}

TEST(CgroupLayout, ControllersThatAreMountedTogetherAreOneHierarchy) {
  EXPECT_THAT(parse_cgroups(kSystemd).hierarchies[2].controllers, ElementsAre("cpu", "cpuacct"));
}

TEST(CgroupLayout, OnlyVersion1Mounts) {
  EXPECT_EQ(parse_cgroups("37 31 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n").mode, CgroupMode::v1);
}

TEST(CgroupLayout, OnlyAUnifiedMountIsVersion2) {
  const CgroupLayout layout = parse_cgroups("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_EQ(layout.mode, CgroupMode::v2);
  ASSERT_THAT(layout.hierarchies, SizeIs(1));
  EXPECT_EQ(layout.hierarchies[0].mountpoint, "/sys/fs/cgroup");
}

TEST(CgroupLayout, AMachineWithoutCgroupsHasNone) {
  const CgroupLayout layout = parse_cgroups("31 23 0:28 / /sys/fs/cgroup ro shared:8 - tmpfs tmpfs ro\nnonsense\n\n- - -\n");
  EXPECT_EQ(layout.mode, CgroupMode::none);
  EXPECT_THAT(layout.hierarchies, IsEmpty());
}

TEST(CgroupLayout, OfSeveralMountsOfAHierarchyTheUsualPlaceCounts) {
  const CgroupLayout layout = parse_cgroups(
      "90 31 0:34 / /srv/guest/cgroup rw - cgroup cgroup rw,memory\n"
      "37 31 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "91 31 0:34 / /srv/other/cgroup rw - cgroup cgroup rw,memory\n");
  ASSERT_THAT(layout.hierarchies, SizeIs(1));
  EXPECT_EQ(layout.hierarchies[0].mountpoint, "/sys/fs/cgroup/memory");
}

// /proc/self/cgroup of the machine whose mounts are kSystemd; and what is below /sys/fs/cgroup there.
constexpr char kOwnOfSystemd[] = "4:memory:/\n3:cpu,cpuacct:/\n1:name=systemd:/init.scope\n0::/init.scope\n";

std::function<std::string()> own(const char* text) {
  return [text] { return std::string(text); };
}

CgroupKind kind_of_systemd(const std::string& path) {
  if (path == "/sys/fs/cgroup/unified") return CgroupKind::v2;
  for (const char* name : {"memory", "cpu,cpuacct", "systemd"})
    if (path == std::string("/sys/fs/cgroup/") + name) return CgroupKind::v1;
  return CgroupKind::none;
}

TEST(CgroupLayout, HierarchiesInTheirUsualPlacesAreFoundWithoutMountinfo) {
  const std::optional<CgroupLayout> found = usual_cgroups(own(kOwnOfSystemd), kind_of_systemd);
  ASSERT_TRUE(found);
  const CgroupLayout mounts = parse_cgroups(kSystemd);
  EXPECT_EQ(found->mode, mounts.mode);
  ASSERT_EQ(found->hierarchies.size(), mounts.hierarchies.size());
  for (std::size_t i = 0; i < mounts.hierarchies.size(); ++i) {
    EXPECT_EQ(found->hierarchies[i].mountpoint, mounts.hierarchies[i].mountpoint);
    EXPECT_EQ(found->hierarchies[i].controllers, mounts.hierarchies[i].controllers);
    EXPECT_EQ(found->hierarchies[i].unified, mounts.hierarchies[i].unified);
  }
}

TEST(CgroupLayout, OneInAnUnusualPlaceIsLeftToMountinfo) {
  EXPECT_FALSE(usual_cgroups(own("9:hugetlb:/\n4:memory:/\n"), kind_of_systemd));
  EXPECT_FALSE(usual_cgroups(own("3:cpuacct,cpu:/\n"), kind_of_systemd));  // CentOS mounts these as cpu,cpuacct
  EXPECT_FALSE(usual_cgroups(own("0::/\n"), [](const std::string&) { return CgroupKind::none; }));
  const auto foreign = [](const std::string& path) { return path == "/sys/fs/cgroup" ? CgroupKind::none : CgroupKind::v2; };
  EXPECT_FALSE(usual_cgroups(own("1:name=systemd:/\n"), foreign));
  EXPECT_FALSE(usual_cgroups(own(""), kind_of_systemd));
}

TEST(CgroupLayout, PureVersion2IsMountedOnTheFolderItselfWhateverHierarchiesTheKernelHas) {
  const auto v2 = [](const std::string& path) { return path == "/sys/fs/cgroup" ? CgroupKind::v2 : CgroupKind::none; };
  const std::optional<CgroupLayout> found = usual_cgroups(own("4:memory:/\n0::/user.slice\n"), v2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mode, CgroupMode::v2);
  ASSERT_THAT(found->hierarchies, SizeIs(1));
  EXPECT_EQ(found->hierarchies[0].mountpoint, "/sys/fs/cgroup");
}

TEST(CgroupLayout, WithoutAMountOfVersion2TheMachineHasVersion1) {
  const auto v1 = [](const std::string& path) { return path.ends_with("/memory") ? CgroupKind::v1 : CgroupKind::none; };
  const std::optional<CgroupLayout> found = usual_cgroups(own("4:memory:/\n0::/\n"), v1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mode, CgroupMode::v1);
}

TEST(CgroupLayout, AMountpointWithBlanksIsReadAsItIs) {
  const CgroupLayout layout = parse_cgroups("37 31 0:34 / /mnt/my\\040control\\134groups rw - cgroup cgroup rw,memory\n");
  ASSERT_THAT(layout.hierarchies, SizeIs(1));
  EXPECT_EQ(layout.hierarchies[0].mountpoint, "/mnt/my control\\groups");
}

TEST(CgroupLayout, EveryHierarchyFoundOnThisMachineIsACgroupFileSystem) {
  for (const plan::CgroupHierarchy& hierarchy : find_cgroups().hierarchies) {
    struct statfs facts{};
    ASSERT_EQ(::statfs(hierarchy.mountpoint.c_str(), &facts), 0) << hierarchy.mountpoint;
    EXPECT_EQ(facts.f_type, hierarchy.unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC) << hierarchy.mountpoint;
    EXPECT_TRUE(hierarchy.unified || !hierarchy.controllers.empty()) << hierarchy.mountpoint;
  }
}

TEST(CgroupLayout, AsManyHierarchiesAreFoundAsThisProcessIsIn) {
  const std::string own = read_file("/proc/self/cgroup");  // a line for each that is mounted, and v2's
  const CgroupLayout layout = find_cgroups();
  const bool has_v2 = layout.mode == CgroupMode::v2 || layout.mode == CgroupMode::hybrid;
  EXPECT_EQ(layout.hierarchies.size() + (has_v2 ? 0 : 1), static_cast<std::size_t>(std::ranges::count(own, '\n')));
}

}  // namespace
}  // namespace crumb::linux
