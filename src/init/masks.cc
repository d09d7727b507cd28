// The Mask and ReadonlyPath steps. Both come before the root changes: what hides a file is the host's /dev/null, not whatever
// the image calls so (CVE-2025-31133).
#include <errno.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned kNullMajor = 1, kNullMinor = 3;

long null_device(Context& context) {
  const long tree = kernel::open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return context.failed(tree, "/dev/null");
  struct stat facts{};
  const long result = kernel::fstat(static_cast<int>(tree), &facts);
  if (result >= 0 && S_ISCHR(facts.st_mode) && facts.st_rdev == ((kNullMajor << 8) | kNullMinor)) return tree;
  kernel::close(static_cast<int>(tree));
  return context.failed(result < 0 ? result : -ENODEV, "/dev/null");
}

long new_empty_directory() {
  const long filesystem = kernel::fsopen("tmpfs", FSOPEN_CLOEXEC);
  if (filesystem < 0) return filesystem;
  const int fd = static_cast<int>(filesystem);
  long result = kernel::fsconfig(fd, FSCONFIG_SET_STRING, "nr_inodes", "1", 0);
  if (result >= 0) result = kernel::fsconfig(fd, FSCONFIG_SET_FLAG, "ro", nullptr, 0);
  if (result >= 0) result = kernel::fsconfig(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (result >= 0)
    result = kernel::fsmount(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  kernel::close(fd);
  return result;
}

// One filesystem for all masks: the first is mounted, the others are clones of that mount.
long empty_directory(Context& context) {
  if (context.masks >= 0) return kernel::open_tree(context.masks, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  const long tree = new_empty_directory();
  if (tree >= 0) context.masks = static_cast<int>(kernel::fcntl(static_cast<int>(tree), F_DUPFD_CLOEXEC, 3));
  return tree;
}

long cover(int tree, int target) {
  return kernel::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

bool missing(long result) { return result == -ENOENT || result == -ENOTDIR; }

}  // namespace

long perform(Context& context, const wire::Mask<InitForm>& step) {
  const long target = open_inside(context, step.path.at, 0);
  if (target < 0) return missing(target) ? 0 : target;
  struct stat facts{};
  long result = kernel::fstat(static_cast<int>(target), &facts);
  const long tree = result < 0 ? result : S_ISDIR(facts.st_mode) ? empty_directory(context) : null_device(context);
  if (tree >= 0) {
    result = cover(static_cast<int>(tree), static_cast<int>(target));
    kernel::close(static_cast<int>(tree));
  }
  kernel::close(static_cast<int>(target));
  return tree < 0 ? tree : result;
}

long perform(Context& context, const wire::ReadonlyPath<InitForm>& step) {
  const long target = open_inside(context, step.path.at, 0);
  if (target < 0) return missing(target) ? 0 : target;
  const int place = static_cast<int>(target);
  const long tree = kernel::open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  long result = tree;
  if (tree >= 0) {
    const int fd = static_cast<int>(tree);
    const long changed = change_mount(fd, {MOUNT_ATTR_RDONLY, 0, 0, true});
    result = changed < 0 && changed != -ENOSYS ? changed : cover(fd, place);
    if (result >= 0 && changed == -ENOSYS) result = change_mount_legacy(fd, {MOUNT_ATTR_RDONLY, 0, 0, false});
    kernel::close(fd);
  }
  kernel::close(place);
  return result < 0 ? result : 0;
}

}  // namespace crumb::init
