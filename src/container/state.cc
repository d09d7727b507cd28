#include <sys/file.h>

#include <cerrno>
#include <optional>

#include "container/container.h"
#include "container/owner.h"
#include "container/status.h"
#include "container/store.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "support/error.h"

namespace crumb::container {
namespace {

// A creating crumb holds the container's lock until it is done or dead.
bool being_made(const Entry& entry) {
  const long result = kernel::flock(entry.directory(), LOCK_SH | LOCK_NB);
  if (result == 0) kernel::flock(entry.directory(), LOCK_UN);
  return result == -EWOULDBLOCK;
}

Summary summary_of(const Entry& entry, const State& state) {
  struct stat facts{};
  check(kernel::fstat(entry.directory(), &facts), "container \"{}\"", entry.id());
  Summary summary;
  summary.id = entry.id();
  summary.status = status_of(entry, state);
  summary.pid = summary.status == Status::stopped ? 0 : state.pid;
  summary.bundle = state.bundle;
  summary.rootfs = state.rootfs;
  summary.owner = owner_name(facts.st_uid);
  summary.created = state.created;
  summary.annotations = state.annotations;
  return summary;
}

}  // namespace

const char* word(Status status) {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::stopped:
      return "stopped";
  }
  return "";
}

Status status_of(const Entry& entry, const State& state) {
  const bool alive = linux::Process::find(state.pid, state.start_time).has_value();
  if (!state.ready) return alive || being_made(entry) ? Status::creating : Status::stopped;
  if (!alive) return Status::stopped;
  if (linux::cgroups_frozen(state.cgroups)) return Status::paused;
  return waits_for_start(entry) ? Status::created : Status::running;
}

Held hold(const Runtime& runtime, const std::string& id) {
  std::optional<Entry> entry = Store(runtime.root, false).find(id);
  if (!entry) throw fail("container \"{}\" does not exist", id);
  const std::optional<State> state = entry->read();
  if (!state) throw Error("container not running");
  const Status status = status_of(*entry, *state);
  return {std::move(*entry), *state, status};
}

Summary state(const Runtime& runtime, const std::string& id) {
  const Entry entry = Store(runtime.root, false).open(id);
  const std::optional<State> found = entry.read();
  if (!found) throw fail("container \"{}\" does not exist: it was not completely created", id);
  return summary_of(entry, *found);
}

std::vector<Summary> list(const Runtime& runtime) {
  const Store store(runtime.root, false);
  std::vector<Summary> all;
  for (const std::string& id : store.ids()) {
    try {
      const Entry entry = store.open(id);
      if (const std::optional<State> found = entry.read()) all.push_back(summary_of(entry, *found));
    } catch (const Error&) {
      // Deleted while we looked.
    }
  }
  return all;
}

std::vector<std::string> ids(const Runtime& runtime) { return Store(runtime.root, false).ids(); }

oci::Config config(const Runtime& runtime, const std::string& id) {
  return oci::parse_config(Store(runtime.root, false).open(id).read_config());
}

}  // namespace crumb::container
