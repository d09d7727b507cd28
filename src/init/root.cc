// The Propagation, Root and Pivot steps: the container's root becomes "/", and nothing of the host's tree stays within reach.
#include <errno.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/mount_table.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr int kDetach = 2;  // MNT_DETACH, which the kernel's headers do not give to programs

// The mount that holds the root filesystem must not be shared: pivot_root refuses that, and the bind below it would show on the
// host. It is the nearest directory upwards that is a mount point: on others the call is EINVAL.
long make_holder_private(const char* path) {
  char* const place = prefix(path, length(path));
  if (place == nullptr) return -ENOMEM;
  for (size_t size = length(place);;) {
    const long result = kernel::mount(nullptr, size == 0 ? "/" : place, nullptr, MS_PRIVATE, nullptr);
    if (result != -EINVAL || size == 0) return result;  // EACCES: see Root
    while (size > 0 && place[size - 1] != '/') --size;
    while (size > 0 && place[size - 1] == '/') --size;
    place[size] = 0;
  }
}

// pivot_root(".", ".") stacks the old root upon the new one; it is then unmounted from there (pivot_root(2), Notes).
long pivot(Context& context) {
  Fd old;
  long result = take(kernel::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC), old);
  if (result >= 0) result = kernel::fchdir(context.root.get());
  if (result < 0) return result;
  if (result = kernel::pivot_root(".", "."); result < 0) return context.failed(result, "pivot_root");
  result = kernel::fchdir(old.get());
  // The host must not see this unmount.
  if (result >= 0) result = kernel::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr);
  if (result < 0) return result;
  result = kernel::umount2(".", kDetach);
  return result < 0 ? context.failed(result, "unmount of the old root") : 0;
}

// The host's proc and sysfs stay mounted below the new root: whoever can unmount that would find them unmasked. They go; where
// that is not allowed they are covered.
long hide_kernel_files(Context& context) {
  return for_each_mount([&](const MountLine& line) -> long {
    if (!equal(line.type, "proc") && !equal(line.type, "sysfs")) return 0;
    if (!equal(line.root, "/") || is_below(line.place, context.root_path)) return 0;
    const long result = kernel::umount2(line.place, kDetach);
    if (result >= 0 || result == -ENOENT) return 0;
    const long covered = kernel::mount("tmpfs", line.place, "tmpfs", MS_RDONLY, nullptr);
    return covered < 0 ? context.failed(covered, line.place) : 0;
  });
}

// --no-pivot, for hosts whose root is a ramdisk.
long move_root(Context& context) {
  if (const long result = hide_kernel_files(context); result < 0) return result;
  long result = kernel::fchdir(context.root.get());
  if (result < 0) return result;
  result = kernel::move_mount(context.root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  if (result < 0) return context.failed(result, "move of the root to \"/\"");
  return kernel::chroot(".");
}

// Nothing but mount points, made by the steps that follow.
long make_fresh_root(Context& context, Fd& tree) {
  constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  Fd filesystem;
  long result = take(kernel::fsopen("tmpfs", FSOPEN_CLOEXEC), filesystem);
  if (result >= 0) result = kernel::fsconfig(filesystem.get(), FSCONFIG_SET_STRING, "mode", "0755", 0);
  if (result >= 0) result = kernel::fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (result >= 0) result = take(kernel::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, kAttributes), tree);
  return result < 0 ? context.failed(result, "tmpfs") : 0;
}

long open_root(const char* path, Fd& place) {
  return take(kernel::openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), place);
}

}  // namespace

long perform(Context&, const wire::Propagation<InitForm>& step) {
  return kernel::mount(nullptr, "/", nullptr, step.flags, nullptr);
}

long perform(Context&, const wire::EnterRoot<InitForm>& step) {
  Fd place;
  const long result = open_root(step.path.at, place);
  return result < 0 ? result : kernel::fchdir(place.get());
}

long perform(Context& context, const wire::Root<InitForm>& step) {
  constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  Fd place, tree;
  long result = step.entered ? 0 : open_root(step.path.at, place);
  if (result < 0) return result;
  const int at = step.entered ? AT_FDCWD : place.get();
  result = make_holder_private(step.path.at);
  // In a user namespace's mount namespace nothing is shared with the host; what a mapped root may not walk to stays as it is.
  if (result < 0 && !(step.entered && result == -EACCES)) return context.failed(result, "propagation of its mount");
  result = step.fresh ? make_fresh_root(context, tree) : take(kernel::open_tree(at, "", kClone), tree);
  if (result < 0) return result;
  if (result = kernel::move_mount(tree.get(), "", at, "", kByDescriptors); result < 0) return result;
  context.root = static_cast<Fd&&>(tree);
  context.root_place = {};
  context.root_path = step.path.at;
  return 0;
}

long perform(Context& context, const wire::Pivot<InitForm>& step) {
  if (!context.root) return context.failed(-EINVAL, "there is no root filesystem");
  if (step.readonly) {
    // Now, while the host's /proc is still there for kernels that need it.
    const long result = change_attached_mount(context.root.get(), {MOUNT_ATTR_RDONLY, 0, 0, false});
    if (result < 0) return context.failed(result, "read-only root");
  }
  if (const long result = step.move ? move_root(context) : pivot(context); result < 0) return result;
  if (const long result = kernel::chdir("/"); result < 0) return result;
  if (step.propagation == 0) return 0;
  const long result = kernel::mount(nullptr, "/", nullptr, step.propagation, nullptr);
  return result < 0 ? context.failed(result, "propagation") : 0;
}

}  // namespace crumb::init
