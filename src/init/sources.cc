// The Source step: what crumb's own rights are needed for, before the namespaces change.
#include <errno.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/tree.h"
#include "kernel/call.h"
#include "kernel/mount_options.h"

namespace crumb::init {
namespace {

using Source = wire::Source<InitForm>;

// The clone is made in the host's mount namespace and would be a peer there of what it was cloned from: what the container then
// mounts below it would show on the host.
long settle_propagation(int mount, const Source& step) {
  constexpr uint64_t kRecursive = MS_REC;
  long result = change_mount(mount, {0, 0, MS_SLAVE, true});
  if (result >= 0 && step.propagation != (MS_SLAVE | kRecursive))
    result = change_mount(mount, {0, 0, step.propagation & ~kRecursive, true});
  return result;
}

long map_ids(int mount, const Source& step) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = step.idmap;
  return kernel::mount_setattr(mount, "", AT_EMPTY_PATH | (step.idmap_recursive ? AT_RECURSIVE : 0), attributes);
}

}  // namespace

long clone_tree(const char* path, uint64_t flags, Fd& mount) {
  unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (flags & wire::kBindRecursive) how |= AT_RECURSIVE;
  if (flags & wire::kSourceNoFollow) how |= AT_SYMLINK_NOFOLLOW;
  return take(kernel::open_tree(AT_FDCWD, path, how), mount);
}

long perform(Context& context, const Source& step) {
  if (context.source_count == Context::kMostSources) return -E2BIG;
  Fd mount;
  long result = clone_tree(step.path.at, step.flags, mount);
  if (result < 0 && !(result == -ENOENT && (step.flags & wire::kOptional))) return result;
  if (mount) {
    result = settle_propagation(mount.get(), step);
    context.unsettled_sources = result == -ENOSYS;
    if (result < 0 && result != -ENOSYS) return context.failed(result, "propagation");
    if (step.idmap != wire::kNoIdmap)
      if (result = map_ids(mount.get(), step); result < 0) return context.failed(result, "idmap");
  }
  context.sources[context.source_count++] = mount.release();
  return 0;
}

}  // namespace crumb::init
