// The Device and Symlink steps.
#include <errno.h>
#include <sys/sysmacros.h>

#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

unsigned long device_number(uint64_t major, uint64_t minor) {
  return ((major & 0xfffULL) << 8) | ((major & ~0xfffULL) << 32) | (minor & 0xffULL) | ((minor & ~0xffULL) << 12);
}

// What stands at the name now must be the node that was asked for, whoever made it.
long settle_node(int parent, const char* name, const wire::Device<InitForm>& step, unsigned long device) {
  const long opened = kernel::openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return opened;
  const int node = static_cast<int>(opened);
  struct stat facts{};
  long result = kernel::fstat(node, &facts);
  if (result >= 0 && (facts.st_mode & S_IFMT) != (step.mode & S_IFMT)) result = -EEXIST;
  if (result >= 0 && !S_ISFIFO(facts.st_mode) && facts.st_rdev != device) result = -EEXIST;
  if (result >= 0)
    result = kernel::fchownat(node, "", static_cast<unsigned>(step.uid), static_cast<unsigned>(step.gid), AT_EMPTY_PATH);
  if (result >= 0) result = kernel::fchmodat(AT_FDCWD, DescriptorPath(node).text, static_cast<unsigned>(step.mode & 07777));
  kernel::close(node);
  return result;
}

}  // namespace

long perform(Context& context, const wire::Device<InitForm>& step) {
  const char* name = nullptr;
  const long parent = open_parent(context, step.path.at, name);
  if (parent < 0) return parent;
  const unsigned long device = S_ISFIFO(step.mode) ? 0 : device_number(step.major, step.minor);
  long result = kernel::mknodat(static_cast<int>(parent), name, static_cast<unsigned>(step.mode), device);
  if (result >= 0 || result == -EEXIST) result = settle_node(static_cast<int>(parent), name, step, device);
  kernel::close(static_cast<int>(parent));
  return result;
}

long perform(Context& context, const wire::Symlink<InitForm>& step) {
  const char* name = nullptr;
  const long parent = open_parent(context, step.path.at, name);
  if (parent < 0) return parent;
  const long result = kernel::symlinkat(step.target.at, static_cast<int>(parent), name);
  kernel::close(static_cast<int>(parent));
  return result == -EEXIST ? 0 : result;
}

}  // namespace crumb::init
