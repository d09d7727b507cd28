// The Propagation, Root and Pivot steps: the container's root becomes "/", and nothing of the host's tree stays within reach.
#include <errno.h>
#include <sys/mount.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

// pivot_root(".", ".") stacks the old root upon the new one; it is then unmounted from there (pivot_root(2), Notes).
long pivot(Context& context) {
  const long old = kernel::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0) return old;
  const int old_root = static_cast<int>(old);
  long result = kernel::fchdir(context.root);
  if (result >= 0 && (result = kernel::pivot_root(".", ".")) < 0) context.failed(result, "pivot_root");
  if (result >= 0) result = kernel::fchdir(old_root);
  // The host must not see this unmount.
  if (result >= 0) result = kernel::mount("", ".", nullptr, MS_SLAVE | MS_REC, nullptr);
  if (result >= 0 && (result = kernel::umount2(".", MNT_DETACH)) < 0) context.failed(result, "unmount of the old root");
  kernel::close(old_root);
  return result;
}

// For hosts whose root is a ramdisk. The host's proc and sysfs go first: under the new root they would still be reachable for
// whoever can unmount it.
long move_root(Context& context) {
  kernel::umount2("/proc", MNT_DETACH);
  kernel::umount2("/sys", MNT_DETACH);
  long result = kernel::fchdir(context.root);
  if (result >= 0 && (result = kernel::mount(".", "/", nullptr, MS_MOVE, nullptr)) < 0) context.failed(result, "move to /");
  if (result >= 0) result = kernel::chroot(".");
  return result;
}

}  // namespace

long perform(Context&, const wire::Propagation<InitForm>& step) { return kernel::mount("", "/", nullptr, step.flags, nullptr); }

long perform(Context& context, const wire::Root<InitForm>& step) {
  const long place = kernel::openat(AT_FDCWD, step.path.at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (place < 0) return place;
  const long tree =
      kernel::open_tree(static_cast<int>(place), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  long result = tree;
  if (tree >= 0)
    result = kernel::move_mount(static_cast<int>(tree), "", static_cast<int>(place), "",
                                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  kernel::close(static_cast<int>(place));
  context.root = static_cast<int>(tree);
  return result < 0 ? result : 0;
}

long perform(Context& context, const wire::Pivot<InitForm>& step) {
  // Read-only while the host's /proc is still there for older kernels.
  if (step.readonly) {
    const Change readonly{MOUNT_ATTR_RDONLY, 0, 0, false};
    long result = change_mount(context.root, readonly);
    if (result == -ENOSYS) result = change_mount_legacy(context.root, readonly);
    if (result < 0) return context.failed(result, "read-only root");
  }
  if (const long result = step.move ? move_root(context) : pivot(context); result < 0) return result;
  kernel::close(context.root);
  if (context.masks >= 0) kernel::close(context.masks);
  context.root = context.masks = -1;
  return kernel::chdir("/");
}

}  // namespace crumb::init
