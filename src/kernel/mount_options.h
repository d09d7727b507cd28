// The words of a mount's options (runtime-spec config.md, Mounts; mount(8)): one table, shared by the Plan's compiler and text.
#pragma once

#include <linux/mount.h>

#include <cstdint>
#include <string_view>

#include "wire/steps.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace crumb::kernel {

enum class MountOptionKind {
  nothing,      // "defaults"
  attribute,    // a MOUNT_ATTR_* bit of the mount; the word with an "r" before it ("rro") means all mounts below, too
  atime,        // one of the values of MOUNT_ATTR__ATIME; with "r" likewise
  superblock,   // a MS_* bit of the filesystem
  flag,         // wire/steps.h k*
  propagation,  // MS_SHARED, ... [| MS_REC]
  idmap,        // 1: of all mounts below, too; also with a value, "idmap=uids=0-1000-1"
  refused,      // known to other runtimes, not to this version of crumb
};

struct MountOption {
  std::string_view word;
  MountOptionKind kind;
  std::uint64_t value;
  bool clear = false;  // the word takes the bit away
};

inline constexpr MountOption kMountOptions[] = {
    {"defaults", MountOptionKind::nothing, 0},
    {"silent", MountOptionKind::nothing, 0},  // what the kernel logs of a failure; the calls used here log nothing
    {"loud", MountOptionKind::nothing, 0},

    {"ro", MountOptionKind::attribute, MOUNT_ATTR_RDONLY},
    {"rw", MountOptionKind::attribute, MOUNT_ATTR_RDONLY, true},
    {"nosuid", MountOptionKind::attribute, MOUNT_ATTR_NOSUID},
    {"suid", MountOptionKind::attribute, MOUNT_ATTR_NOSUID, true},
    {"nodev", MountOptionKind::attribute, MOUNT_ATTR_NODEV},
    {"dev", MountOptionKind::attribute, MOUNT_ATTR_NODEV, true},
    {"noexec", MountOptionKind::attribute, MOUNT_ATTR_NOEXEC},
    {"exec", MountOptionKind::attribute, MOUNT_ATTR_NOEXEC, true},
    {"nodiratime", MountOptionKind::attribute, MOUNT_ATTR_NODIRATIME},
    {"diratime", MountOptionKind::attribute, MOUNT_ATTR_NODIRATIME, true},
    {"nosymfollow", MountOptionKind::attribute, MOUNT_ATTR_NOSYMFOLLOW},
    {"symfollow", MountOptionKind::attribute, MOUNT_ATTR_NOSYMFOLLOW, true},

    // Without noatime or strictatime a mount is relatime: taking one of them away leads there.
    {"relatime", MountOptionKind::atime, MOUNT_ATTR_RELATIME},
    {"noatime", MountOptionKind::atime, MOUNT_ATTR_NOATIME},
    {"strictatime", MountOptionKind::atime, MOUNT_ATTR_STRICTATIME},
    {"norelatime", MountOptionKind::atime, MOUNT_ATTR_RELATIME, true},
    {"atime", MountOptionKind::atime, MOUNT_ATTR_NOATIME, true},
    {"nostrictatime", MountOptionKind::atime, MOUNT_ATTR_STRICTATIME, true},

    {"sync", MountOptionKind::superblock, MS_SYNCHRONOUS},
    {"async", MountOptionKind::superblock, MS_SYNCHRONOUS, true},
    {"dirsync", MountOptionKind::superblock, MS_DIRSYNC},
    {"iversion", MountOptionKind::superblock, MS_I_VERSION},
    {"noiversion", MountOptionKind::superblock, MS_I_VERSION, true},
    {"lazytime", MountOptionKind::superblock, MS_LAZYTIME},
    {"nolazytime", MountOptionKind::superblock, MS_LAZYTIME, true},
    {"mand", MountOptionKind::superblock, MS_MANDLOCK},
    {"nomand", MountOptionKind::superblock, MS_MANDLOCK, true},

    {"bind", MountOptionKind::flag, wire::kBind},
    {"rbind", MountOptionKind::flag, wire::kBind | wire::kBindRecursive},
    {"remount", MountOptionKind::flag, wire::kRemount},
    {"nofail", MountOptionKind::flag, wire::kOptional},
    {"src-nofollow", MountOptionKind::flag, wire::kSourceNoFollow},
    {"dest-nofollow", MountOptionKind::flag, wire::kTargetNoFollow},
    {"tmpcopyup", MountOptionKind::flag, wire::kCopyUp},
    {"copy-symlink", MountOptionKind::flag, wire::kCopyLink},

    {"private", MountOptionKind::propagation, MS_PRIVATE},
    {"rprivate", MountOptionKind::propagation, MS_PRIVATE | MS_REC},
    {"shared", MountOptionKind::propagation, MS_SHARED},
    {"rshared", MountOptionKind::propagation, MS_SHARED | MS_REC},
    {"slave", MountOptionKind::propagation, MS_SLAVE},
    {"rslave", MountOptionKind::propagation, MS_SLAVE | MS_REC},
    {"unbindable", MountOptionKind::propagation, MS_UNBINDABLE},
    {"runbindable", MountOptionKind::propagation, MS_UNBINDABLE | MS_REC},

    {"idmap", MountOptionKind::idmap, 0},
    {"ridmap", MountOptionKind::idmap, 1},
};

// Null: not in the table.
constexpr const MountOption* find_mount_option(std::string_view word) {
  for (const MountOption& option : kMountOptions)
    if (option.word == word) return &option;
  return nullptr;
}

constexpr std::string_view propagation_name(std::uint64_t flags) {
  for (const MountOption& option : kMountOptions)
    if (option.kind == MountOptionKind::propagation && option.value == flags) return option.word;
  return "?";
}

}  // namespace crumb::kernel
