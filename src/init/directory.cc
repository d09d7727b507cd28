// The working directory: made with init's rights, entered with the user's.
#include <errno.h>

#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

// A directory outside the root has a name that does not begin with "/": "(unreachable)/..." (CVE-2024-21626).
bool inside_root() {
  char name[kLongestPath];
  const long size = kernel::getcwd(name, sizeof name);
  return size > 0 && name[0] == '/';
}

}  // namespace

long perform(Context& context, const wire::MakeDirectory<InitForm>& step) {
  Fd directory;
  return open_or_make(context, step.path.at, O_DIRECTORY, Links::inside, Missing::make_directory, directory);
}

long perform(Context& context, const wire::Directory<InitForm>& step) {
  if (const long result = kernel::chdir(step.path.at); result < 0) return result;
  return inside_root() ? 0 : context.failed(-ENOTDIR, "it lies outside the root");
}

}  // namespace crumb::init
