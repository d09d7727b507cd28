#include "init/regular_file.h"

#include <errno.h>

#include "kernel/call.h"

namespace crumb::init {

long open_regular(const char* path, Fd& handle) {
  struct stat facts{};
  long result = take(kernel::openat(AT_FDCWD, path, O_PATH | O_CLOEXEC), handle);
  if (result >= 0) result = kernel::fstat(handle.get(), &facts);
  if (result < 0) return result;
  return S_ISREG(facts.st_mode) ? 0 : -EACCES;
}

long reopen_readable(const char* path, const Fd& handle, Fd& file) {
  struct stat before{}, now{};
  // O_NONBLOCK, O_NOCTTY: in case something else took the name meanwhile.
  long result = take(kernel::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), file);
  if (result >= 0) result = kernel::fstat(handle.get(), &before);
  if (result >= 0) result = kernel::fstat(file.get(), &now);
  if (result >= 0 && (now.st_ino != before.st_ino || now.st_dev != before.st_dev)) result = -ESTALE;
  return result;
}

}  // namespace crumb::init
