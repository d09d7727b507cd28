#include "init/attributes.h"

#include <errno.h>

#include "init/paths.h"
#include "kernel/call.h"
#include "kernel/mount_options.h"

namespace crumb::init {
namespace {

// statfs(2): what f_flags says of a mount.
constexpr unsigned long kStatNoAtime = 0x0400, kStatRelatime = 0x1000;

struct Pair {
  uint64_t attribute;
  unsigned long flag;  // MS_*
  unsigned long stat;  // ST_*
};

constexpr Pair kPairs[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY, 0x0001},         {MOUNT_ATTR_NOSUID, MS_NOSUID, 0x0002},
    {MOUNT_ATTR_NODEV, MS_NODEV, 0x0004},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC, 0x0008},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, 0x0800}, {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, 0x2000},
};

bool sets_access_time(const Change& change) { return ((change.set | change.clear) & MOUNT_ATTR__ATIME) != 0; }

unsigned long access_time_flag(const Change& change, unsigned long now) {
  if (sets_access_time(change)) {
    if ((change.set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME) return MS_NOATIME;
    return (change.set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME;
  }
  if (now & kStatNoAtime) return MS_NOATIME;
  return now & kStatRelatime ? MS_RELATIME : MS_STRICTATIME;
}

// The MS_* flags that a mount with the statfs flags `now` has after the change.
unsigned long flags_after(const Change& change, unsigned long now) {
  unsigned long flags = access_time_flag(change, now);
  for (const Pair& pair : kPairs) {
    const bool was = (now & pair.stat) != 0;
    if ((change.set & pair.attribute) != 0 || (was && (change.clear & pair.attribute) == 0)) flags |= pair.flag;
  }
  return flags;
}

long stat_flags(int mount, unsigned long& flags) {
  struct statfs facts{};
  const long result = kernel::fstatfs(mount, &facts);
  flags = static_cast<unsigned long>(facts.f_flags);
  return result;
}

// The path is only a string: whether it led to our mount, the mount itself tells.
long check_changed(int mount, const Change& change) {
  unsigned long now = 0;
  if (const long result = stat_flags(mount, now); result < 0) return result;
  for (const Pair& pair : kPairs)
    if ((change.set & pair.attribute) != 0 && (now & pair.stat) == 0) return -ESTALE;
  return 0;
}

long change_flags_legacy(int mount, const Change& change) {
  if (change.recursive) return -ENOSYS;
  unsigned long now = 0;
  if (const long result = stat_flags(mount, now); result < 0) return result;
  const unsigned long flags = MS_REMOUNT | MS_BIND | flags_after(change, now);
  if (const long result = kernel::mount(nullptr, DescriptorPath(mount).text, nullptr, flags, nullptr); result < 0)
    return result;
  return check_changed(mount, change);
}

}  // namespace

long change_mount(int mount, const Change& change) {
  mount_attr attributes{};
  attributes.attr_set = change.set;
  attributes.attr_clr = change.clear;
  // The kernel wants the old mode cleared as a whole before it sets another one.
  if (sets_access_time(change)) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  attributes.propagation = change.propagation;
  return kernel::mount_setattr(mount, "", AT_EMPTY_PATH | (change.recursive ? AT_RECURSIVE : 0), attributes);
}

long change_mount_legacy(int mount, const Change& change) {
  if (change.set != 0 || change.clear != 0)
    if (const long result = change_flags_legacy(mount, change); result < 0) return result;
  if (change.propagation == 0) return 0;
  const unsigned long recursive = change.recursive ? MS_REC : 0;
  return kernel::mount(nullptr, DescriptorPath(mount).text, nullptr, change.propagation | recursive, nullptr);
}

long change_attached_mount(int mount, const Change& change) {
  const long result = change_mount(mount, change);
  return result == -ENOSYS ? change_mount_legacy(mount, change) : result;
}

unsigned long legacy_flags(uint64_t attributes) { return flags_after({attributes, MOUNT_ATTR__ATIME, 0, false}, 0); }

}  // namespace crumb::init
