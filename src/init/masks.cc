// The Mask and ReadonlyPath steps, before or after the root changes. What hides a file is a null device by its number, not
// whatever the image calls /dev/null (CVE-2025-31133).
#include <errno.h>
#include <sys/sysmacros.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/labels.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned kNullMajor = 1, kNullMinor = 3;  // Documentation/admin-guide/devices.txt
constexpr unsigned long kNullDevice = kNullMajor << 8 | kNullMinor;

long null_device(Context& context, Fd& mount) {
  constexpr char kPath[] = "/dev/null";
  long result = take(kernel::open_tree(AT_FDCWD, kPath, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW), mount);
  struct stat facts{};
  if (result >= 0) result = kernel::fstat(mount.get(), &facts);
  if (result >= 0 && !(S_ISCHR(facts.st_mode) && facts.st_rdev == kNullDevice)) result = -ENODEV;
  return result < 0 ? context.failed(result, kPath) : 0;
}

long new_empty_directory(const Text& label, Fd& mount) {
  constexpr unsigned kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  Fd filesystem;
  if (const long result = take(kernel::fsopen("tmpfs", FSOPEN_CLOEXEC), filesystem); result < 0) return result;
  long result = kernel::fsconfig(filesystem.get(), FSCONFIG_SET_STRING, "nr_inodes", "1", 0);
  if (result >= 0) result = kernel::fsconfig(filesystem.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0);
  if (result >= 0) result = configure_label(filesystem.get(), label);
  if (result >= 0) result = kernel::fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  return result < 0 ? result : take(kernel::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, kAttributes), mount);
}

// One filesystem for all masks: the first is mounted, the others are clones of that mount.
long empty_directory(Context& context, const Text& label, Fd& mount) {
  if (context.masks)
    return take(kernel::open_tree(context.masks.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH), mount);
  if (const long result = new_empty_directory(label, mount); result < 0) return result;
  return take(kernel::fcntl(mount.get(), F_DUPFD_CLOEXEC, 0), context.masks);
}

// The target, with what it is.
long open_target(Context& context, const char* path, Fd& target, Place& place) {
  long result = open_inside(context, path, 0, Links::inside, target);
  if (result >= 0) result = look_at(target.get(), place);
  return result < 0 ? result : refuse_root(context, place);
}

long cover(Context& context, const char* path, const Fd& mount, const Fd& target) {
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  const long result = kernel::move_mount(mount.get(), "", target.get(), "", kByDescriptors);
  return result < 0 ? result : check_mounted(context, path, 0, mount.get());
}

bool missing(long result) { return result == -ENOENT || result == -ENOTDIR; }

}  // namespace

long perform(Context& context, const wire::Mask<InitForm>& step) {
  Fd target, mount;
  Place place;
  long result = open_target(context, step.path.at, target, place);
  if (missing(result)) return 0;
  if (result >= 0) result = S_ISDIR(place.mode) ? empty_directory(context, step.label, mount) : null_device(context, mount);
  return result < 0 ? result : cover(context, step.path.at, mount, target);
}

// The mounts below keep what they are, as with runc: mount(2) can do no more, and the result should not depend on the kernel.
long perform(Context& context, const wire::ReadonlyPath<InitForm>& step) {
  constexpr Change kReadonly{MOUNT_ATTR_RDONLY, 0, 0, false};
  constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  Fd target, mount;
  Place place;
  long result = open_target(context, step.path.at, target, place);
  if (missing(result)) return 0;
  if (result >= 0) result = take(kernel::open_tree(target.get(), "", kClone), mount);
  if (result < 0) return result;
  const long changed = change_mount(mount.get(), kReadonly);
  if (changed < 0 && changed != -ENOSYS) return changed;
  result = cover(context, step.path.at, mount, target);
  return result >= 0 && changed == -ENOSYS ? change_mount_legacy(mount.get(), kReadonly) : result;
}

}  // namespace crumb::init
