// The Device and Symlink steps.
#include <errno.h>

#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

// As the kernel's new_encode_dev() and user space's makedev().
unsigned long device_number(uint64_t major, uint64_t minor) {
  return ((major & 0xfffULL) << 8) | ((major & ~0xfffULL) << 32) | (minor & 0xffULL) | ((minor & ~0xffULL) << 12);
}

// The directory part of both is the same.
bool are_neighbours(const char* a, const char* b) {
  size_t slash = 0, i = 0;
  for (; a[i] != 0 && a[i] == b[i]; ++i)
    if (a[i] == '/') slash = i + 1;
  const auto ends = [&](const char* rest) {
    for (; *rest != 0; ++rest)
      if (*rest == '/') return false;
    return true;
  };
  return slash > 0 && ends(a + slash) && ends(b + slash);
}

// open_parent() for a row of steps: the directory stays open for the next one, while nothing else happens in between.
long open_directory(Context& context, const char* path, const char*& name) {
  const bool in_a_row = context.nodes && context.nodes_step + 1 == context.step;
  const bool same = in_a_row && are_neighbours(context.nodes_path, path);
  context.nodes_path = path;
  context.nodes_step = context.step;
  if (!same) return open_parent(context, path, context.nodes, name);
  for (name = path; *path != 0; ++path)
    if (*path == '/') name = path + 1;
  return *name == 0 || equal(name, ".") || equal(name, "..") ? -EINVAL : 0;
}

bool is_as_asked(const struct stat& facts, const wire::Device<InitForm>& step, unsigned long device) {
  return facts.st_mode == step.mode && facts.st_uid == step.uid && facts.st_gid == step.gid &&
         (S_ISFIFO(facts.st_mode) || facts.st_rdev == device);
}

// What stands at the name now must be the node that was asked for, whoever made it; mode and owner are then set on it.
long settle_node(const Fd& parent, const char* name, const wire::Device<InitForm>& step, unsigned long device) {
  const unsigned uid = static_cast<unsigned>(step.uid), gid = static_cast<unsigned>(step.gid);
  const unsigned mode = static_cast<unsigned>(step.mode);
  Fd node;
  struct stat facts{};
  if (kernel::fstatat(parent.get(), name, &facts, AT_SYMLINK_NOFOLLOW) >= 0 && is_as_asked(facts, step, device)) return 0;
  long result = take(kernel::openat(parent.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC), node);
  if (result >= 0) result = kernel::fstat(node.get(), &facts);
  if (result < 0) return result;
  if ((facts.st_mode & S_IFMT) != (mode & S_IFMT)) return -EEXIST;
  if (!S_ISFIFO(facts.st_mode) && facts.st_rdev != device) return -EEXIST;
  if (facts.st_uid != uid || facts.st_gid != gid) result = kernel::fchownat(node.get(), "", uid, gid, AT_EMPTY_PATH);
  if (result >= 0 && facts.st_mode != mode)
    result = kernel::fchmodat(AT_FDCWD, DescriptorPath(node.get()).text, mode & ~unsigned{S_IFMT});
  return result;
}

// In a user namespace there is no mknod: the host's node itself, whose mode and owner are the host's.
long bind_node(Context& context, const wire::Device<InitForm>& step) {
  constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  Fd node, target;
  struct stat facts{};
  if (const long result = take(kernel::open_tree(AT_FDCWD, step.path.at, kClone), node); result < 0)
    return context.failed(result, "the host's");
  if (const long result = kernel::fstat(node.get(), &facts); result < 0) return result;
  if ((facts.st_mode & S_IFMT) != (step.mode & S_IFMT) || facts.st_rdev != device_number(step.major, step.minor))
    return context.failed(-ENODEV, "the host's is another one");
  const long result = open_or_make(context, step.path.at, 0, Links::none, Missing::make_file, target);
  if (result < 0) return result;
  if (const long moved = kernel::move_mount(node.get(), "", target.get(), "", kByDescriptors); moved < 0) return moved;
  return check_mounted(context, step.path.at, 0, node.get());
}

}  // namespace

long perform(Context& context, const wire::Device<InitForm>& step) {
  if (step.bind) return bind_node(context, step);
  const char* name = nullptr;
  if (const long result = open_directory(context, step.path.at, name); result < 0) return result;
  const unsigned long device = S_ISFIFO(step.mode) ? 0 : device_number(step.major, step.minor);
  const long result = kernel::mknodat(context.nodes.get(), name, static_cast<unsigned>(step.mode), device);
  return result >= 0 || result == -EEXIST ? settle_node(context.nodes, name, step, device) : result;
}

long perform(Context& context, const wire::Symlink<InitForm>& step) {
  const char* name = nullptr;
  if (const long result = open_directory(context, step.path.at, name); result < 0) return result;
  const long result = kernel::symlinkat(step.target.at, context.nodes.get(), name);
  return result == -EEXIST ? 0 : result;
}

}  // namespace crumb::init
