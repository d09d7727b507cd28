#include "linux/security.h"

#include "kernel/call.h"
#include "support/fd.h"

#include <linux/magic.h>

namespace crumb::linux {

bool apparmor_enabled() {
  Fd file;
  char answer = 0;
  if (take(kernel::openat(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC), file) < 0) return false;
  return kernel::read(file.get(), &answer, 1) == 1 && answer == 'Y';
}

// As libselinux: its filesystem is there once a policy is in force.
bool selinux_enabled() {
  Fd directory;
  struct statfs facts{};
  if (take(kernel::openat(AT_FDCWD, "/sys/fs/selinux", O_PATH | O_CLOEXEC), directory) < 0) return false;
  return kernel::fstatfs(directory.get(), &facts) >= 0 && facts.f_type == SELINUX_MAGIC;
}

}  // namespace crumb::linux
