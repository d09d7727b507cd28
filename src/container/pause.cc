#include "container/container.h"
#include "container/status.h"
#include "container/store.h"
#include "linux/cgroup.h"
#include "support/error.h"

namespace crumb::container {
namespace {

// Locked: nobody starts or removes the container meanwhile.
struct Held {
  Entry entry;
  State state;
  Status status;
};

Held hold(const Runtime& runtime, const std::string& id) {
  std::optional<Entry> entry = Store(runtime.root, false).find(id);
  if (!entry) throw fail("container \"{}\" does not exist", id);
  const std::optional<State> state = entry->read();
  if (!state) throw Error("container not running");
  const Status status = status_of(*entry, *state);
  return {std::move(*entry), *state, status};
}

}  // namespace

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
