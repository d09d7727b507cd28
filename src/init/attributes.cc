#include "init/attributes.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "init/paths.h"
#include "kernel/call.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace crumb::init {
namespace {

struct Pair {
  uint64_t attribute;
  unsigned long flag;    // MS_*
  unsigned long statfs;  // ST_*
};

constexpr Pair kPairs[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY, 0x0001},         {MOUNT_ATTR_NOSUID, MS_NOSUID, 0x0002},
    {MOUNT_ATTR_NODEV, MS_NODEV, 0x0004},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC, 0x0008},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, 0x0800}, {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, 0x2000},
};

unsigned long access_time_flag(uint64_t set, uint64_t clear, unsigned long now) {
  if (clear & MOUNT_ATTR__ATIME) {
    if ((set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME) return MS_NOATIME;
    if ((set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME) return MS_STRICTATIME;
    return MS_RELATIME;
  }
  return now & 0x0400 ? MS_NOATIME : now & 0x1000 ? MS_RELATIME : MS_STRICTATIME;
}

// The MS_* flags that a mount with the statfs flags `now` has after the change.
unsigned long flags_after(const Change& change, unsigned long now) {
  unsigned long flags = access_time_flag(change.set, change.clear, now);
  for (const Pair& pair : kPairs) {
    const bool was = (now & pair.statfs) != 0;
    if ((change.set & pair.attribute) != 0 || (was && (change.clear & pair.attribute) == 0)) flags |= pair.flag;
  }
  return flags;
}

}  // namespace

long change_mount(int mount, const Change& change) {
  mount_attr attributes{};
  attributes.attr_set = change.set;
  attributes.attr_clr = change.clear;
  attributes.propagation = change.propagation;
  return kernel::mount_setattr(mount, "", AT_EMPTY_PATH | (change.recursive ? AT_RECURSIVE : 0), attributes);
}

long change_mount_legacy(int mount, const Change& change) {
  const DescriptorPath path(mount);
  if (change.set != 0 || change.clear != 0) {
    if (change.recursive) return -ENOSYS;
    struct statfs now{};
    if (const long result = kernel::fstatfs(mount, &now); result < 0) return result;
    const unsigned long flags = flags_after(change, static_cast<unsigned long>(now.f_flags));
    if (const long result = kernel::mount("", path.text, nullptr, MS_REMOUNT | MS_BIND | flags, nullptr); result < 0)
      return result;
  }
  if (change.propagation == 0) return 0;
  return kernel::mount("", path.text, nullptr,
                       change.propagation | (change.recursive ? static_cast<unsigned long>(MS_REC) : 0UL), nullptr);
}

}  // namespace crumb::init
