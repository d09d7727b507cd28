#include "container/container.h"
#include "container/status.h"
#include "linux/cgroup.h"
#include "support/error.h"

namespace crumb::container {
void pause(const Runtime& runtime, const std::string& id) {
  const Held held = hold(runtime, id);
  if (held.status == Status::paused) throw Error("container not running: it is paused already");
  if (held.status != Status::running && held.status != Status::created) throw Error("container not running");
  linux::freeze_cgroups(held.state.cgroups);
}

void resume(const Runtime& runtime, const std::string& id) {
  const Held held = hold(runtime, id);
  if (held.status != Status::paused) throw Error("container not paused");
  linux::thaw_cgroups(held.state.cgroups);
}

}  // namespace crumb::container
