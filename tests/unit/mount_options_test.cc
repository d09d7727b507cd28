// What the words of a mount's options become (config.md, Mounts).
#include "kernel/mount_options.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "config_case.h"
#include "plan/compile.h"

namespace crumb::plan {
namespace {

Mount compiled(std::vector<std::string> options, std::string type = "ext4", std::string source = "/dev/x") {
  oci::Config config = oci::parse_config(oci::config_with("/hostname", ""));
  config.mounts.push_back({.destination = "/target",
                           .type = std::move(type),
                           .source = std::move(source),
                           .options = std::move(options),
                           .place = "mounts[0]"});
  Surroundings surroundings;
  surroundings.bundle = "/bundle";
  for (const Step& step : compile_create(config, surroundings).steps)
    if (const auto* mount = std::get_if<Mount>(&step)) return *mount;
  throw fail("no mount");
}

TEST(MountWords, SetAndClearAttributes) {
  const Mount mount = compiled({"nosuid", "nodev", "noexec", "nodiratime", "nosymfollow"});
  EXPECT_EQ(mount.set, std::uint64_t{MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME |
                                     MOUNT_ATTR_NOSYMFOLLOW});
  EXPECT_EQ(mount.clear, 0U);
  const Mount other = compiled({"suid", "dev", "exec", "diratime", "symfollow", "rw"});
  EXPECT_EQ(other.set, 0U);
  EXPECT_EQ(other.clear, std::uint64_t{mount.set | MOUNT_ATTR_RDONLY});
}

TEST(MountWords, TheLastOfTwoThatContradictCounts) {
  EXPECT_EQ(compiled({"nosuid", "suid"}).set, 0U);
  EXPECT_EQ(compiled({"suid", "nosuid"}).clear, 0U);
  EXPECT_EQ(compiled({"ro", "rw"}).superblock, 0U);
  EXPECT_EQ(compiled({"noatime", "strictatime"}).set, std::uint64_t{MOUNT_ATTR_STRICTATIME});
}

TEST(MountWords, AccessTimeIsOneFieldThatIsClearedAsAWhole) {
  for (const auto& [word, value] :
       {std::pair{"noatime", MOUNT_ATTR_NOATIME}, {"strictatime", MOUNT_ATTR_STRICTATIME}, {"relatime", MOUNT_ATTR_RELATIME}}) {
    const Mount mount = compiled({word});
    EXPECT_EQ(mount.set, static_cast<std::uint64_t>(value)) << word;
    EXPECT_EQ(mount.clear, std::uint64_t{MOUNT_ATTR__ATIME}) << word;
  }
  EXPECT_EQ(compiled({"noatime", "atime"}).set, 0U);
  EXPECT_EQ(compiled({"strictatime", "atime"}).set, std::uint64_t{MOUNT_ATTR_STRICTATIME});
  EXPECT_EQ(compiled({"strictatime", "nostrictatime"}).set, 0U);
  EXPECT_EQ(compiled({"norelatime"}).clear, 0U);
}

TEST(MountWords, WithRMeanAllMountsBelow) {
  const Mount mount = compiled({"rbind", "rro", "rnosuid", "rexec", "rnoatime"}, "", "/source");
  EXPECT_EQ(mount.set | mount.clear, 0U);
  EXPECT_EQ(mount.recursive_set, std::uint64_t{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME});
  EXPECT_EQ(mount.recursive_clear, std::uint64_t{MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME});
  EXPECT_EQ(compiled({"rrw"}).recursive_clear, std::uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_EQ(compiled({"rrelatime"}).recursive_clear, std::uint64_t{MOUNT_ATTR__ATIME});
}

TEST(MountWords, OfTheFilesystemGoToItsSuperblock) {
  EXPECT_EQ(compiled({"sync", "dirsync", "lazytime", "mand"}).superblock,
            std::uint64_t{MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME | MS_MANDLOCK});
  EXPECT_EQ(compiled({"sync", "async", "lazytime", "nolazytime", "mand", "nomand"}).superblock, 0U);
  EXPECT_EQ(compiled({"rsync", "rdirsync", "rmand", "rnomand"}).superblock, std::uint64_t{MS_SYNCHRONOUS | MS_DIRSYNC});
  EXPECT_EQ(compiled({"ro"}).superblock, std::uint64_t{MS_RDONLY});
  EXPECT_EQ(compiled({"ro"}, "sysfs", "sysfs").superblock, 0U) << "one superblock for the whole network namespace";
  EXPECT_EQ(compiled({"ro", "bind", "sync"}, "", "/x").superblock, 0U) << "a bind has none of its own";
}

TEST(MountWords, MakeBinds) {
  EXPECT_EQ(compiled({"bind"}, "", "/x").flags, wire::kBind);
  EXPECT_EQ(compiled({"rbind"}, "none", "/x").flags, wire::kBind | wire::kBindRecursive);
  EXPECT_EQ(compiled({}, "bind", "/x").flags, wire::kBind);
  EXPECT_EQ(compiled({"remount", "bind", "ro"}, "", "").flags, wire::kBind | wire::kRemount);
  EXPECT_EQ(compiled({"bind", "src-nofollow", "dest-nofollow", "nofail"}, "", "/x").flags,
            wire::kBind | wire::kSourceNoFollow | wire::kTargetNoFollow | wire::kOptional);
}

TEST(MountWords, AskForCopies) {
  EXPECT_EQ(compiled({"tmpcopyup"}, "tmpfs", "tmpfs").flags, wire::kCopyUp);
  EXPECT_EQ(compiled({"bind", "copy-symlink"}, "", "/x").flags, wire::kBind | wire::kCopyLink);
}

TEST(MountWords, ASourceOfABindIsRelativeToTheBundle) {
  EXPECT_EQ(compiled({"bind"}, "", "data").source, "/bundle/data");
  EXPECT_EQ(compiled({"bind"}, "", "/data").source, "/data");
  EXPECT_EQ(compiled({}, "tmpfs", "data").source, "data");
}

TEST(MountWords, OfPropagationStayInOrder) {
  EXPECT_EQ(compiled({"rslave", "shared"}, "tmpfs", "").propagation,
            (std::vector<std::uint64_t>{MS_SLAVE | MS_REC, MS_SHARED}));
  EXPECT_EQ(compiled({"private", "rprivate", "rshared", "slave", "unbindable", "runbindable"}, "tmpfs", "").propagation.size(),
            6U);
}

TEST(MountWords, ThatNobodyKnowsAreTheFilesystems) {
  EXPECT_EQ(compiled({"mode=755", "ro", "", "size=1m", "rfoo"}, "tmpfs", "").data, "mode=755,size=1m,rfoo");
  EXPECT_EQ(compiled({"defaults", "silent", "loud"}, "tmpfs", "").data, "");
}

}  // namespace
}  // namespace crumb::plan
