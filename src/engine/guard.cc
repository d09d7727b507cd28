#include "engine/guard.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <iterator>

namespace crumb::engine {
namespace {

constexpr unsigned long kConfigfs = 0x62656570;  // fs/configfs/mount.c; not in linux/magic.h
constexpr unsigned long kForbidden[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC,      CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
    TRACEFS_MAGIC,    SECURITYFS_MAGIC, BPF_FS_MAGIC,       NSFS_MAGIC,          PSTOREFS_MAGIC,
    EFIVARFS_MAGIC,   SELINUX_MAGIC,    SMACK_MAGIC,        AAFS_MAGIC,          kConfigfs,
};

}  // namespace

bool on_forbidden_filesystem(int descriptor) {
  struct statfs status = {};
  if (::fstatfs(descriptor, &status) != 0) return true;
  const auto type = static_cast<unsigned long>(status.f_type);
  return std::find(std::begin(kForbidden), std::end(kForbidden), type) != std::end(kForbidden);
}

}  // namespace crumb::engine

extern "C" {

bool crumb_on_forbidden_filesystem(int descriptor) { return crumb::engine::on_forbidden_filesystem(descriptor); }

int __wrap_openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);

  const int descriptor = static_cast<int>(::syscall(SYS_openat, directory, path, flags | O_CLOEXEC, mode));
  if (descriptor < 0 || !crumb::engine::on_forbidden_filesystem(descriptor)) return descriptor;
  ::close(descriptor);
  errno = EACCES;
  return -1;
}

// A build with 64-bit file offsets or with _FORTIFY_SOURCE calls openat by these names.
int __wrap_openat64(int directory, const char* path, int flags, mode_t mode) {
  return __wrap_openat(directory, path, flags, mode);
}
int __wrap___openat_2(int directory, const char* path, int flags) { return __wrap_openat(directory, path, flags, 0); }
int __wrap___openat64_2(int directory, const char* path, int flags) { return __wrap_openat(directory, path, flags, 0); }
}
