// The Procfs and Sysctl steps.
#include "init/procfs.h"

#include <errno.h>
#include <linux/magic.h>

#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr ino_t kProcfsRoot = 1;  // the kernel's PROC_ROOT_INO

bool is_on_procfs(const Fd& fd) {
  struct statfs facts{};
  return kernel::fstatfs(fd.get(), &facts) >= 0 && facts.f_type == PROC_SUPER_MAGIC;
}

long new_procfs(Fd& mount) {
  constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  Fd filesystem;
  if (const long result = take(kernel::fsopen("proc", FSOPEN_CLOEXEC), filesystem); result < 0) return result;
  const long result = kernel::fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  return result < 0 ? result : take(kernel::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, kAttributes), mount);
}

// A bind of some directory of procfs is not its root.
long mounted_procfs(Fd& mount) {
  struct stat facts{};
  long result = take(kernel::openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), mount);
  if (result >= 0) result = kernel::fstat(mount.get(), &facts);
  if (result < 0) return result;
  return is_on_procfs(mount) && facts.st_ino == kProcfsRoot ? 0 : -EXDEV;
}

}  // namespace

long open_proc(Context& context, const char* path, int flags, Fd& file) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  if (!context.proc) return -EBADF;
  const long result = take(kernel::openat2(context.proc.get(), path, how), file);
  if (result < 0) return result;
  return is_on_procfs(file) ? 0 : -EXDEV;
}

long write_setting(const Fd& file, const char* text, size_t size) {
  const long written = kernel::write(file.get(), text, size);
  if (written < 0) return written;
  return static_cast<size_t>(written) == size ? 0 : -EINVAL;
}

long perform(Context& context, const wire::Procfs<InitForm>&) {
  if (new_procfs(context.proc) >= 0) return 0;
  const long result = mounted_procfs(context.proc);
  return result < 0 ? context.failed(result, "/proc") : 0;
}

long perform(Context& context, const wire::Sysctl<InitForm>& step) {
  const char* const path = concatenate("sys/", step.path.at);
  if (path == nullptr) return -ENOMEM;
  Fd file;
  const long result = open_proc(context, path, O_WRONLY, file);
  return result < 0 ? result : write_setting(file, step.value.at, step.value.size);
}

}  // namespace crumb::init
