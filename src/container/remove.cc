#include <csignal>
#include <optional>

#include "container/bundle.h"
#include "container/create.h"
#include "container/hooks.h"
#include "container/scope.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "support/error.h"
#include "support/log.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

constexpr long kPatienceMilliseconds = 10000;

// Ends the container's process and returns when it has ended (a zombie has: its parent reaps it).
void end_process(const State& state) {
  const std::optional<linux::Process> process = linux::Process::find(state.pid, state.start_time);
  if (!process) return;
  process->send_signal(SIGKILL);
  linux::kill_cgroups(state.cgroups, SIGKILL);  // thaws: a frozen process does not die
  if (!process->wait_end(kPatienceMilliseconds))
    throw fail("container \"{}\": process {} does not end after SIGKILL", state.id, state.pid);
}

// A creating crumb holds the lock and may wait for long: without its container's process it gives up and cleans up itself.
void stop_creation(const Store& store, const std::string& id) {
  try {
    const std::optional<State> state = store.open(id).read();
    if (state && !state->ready) end_process(*state);
  } catch (const Error&) {
    // Not there (any more), or no better off than before.
  }
}

// The cgroups of a container whose state.json cannot be read, from crumb's copy of its config. None when that is broken too.
std::vector<plan::CgroupLeaf> cgroups_by_config(const Runtime& runtime, const Entry& entry) {
  try {
    Bundle bundle;
    bundle.config = oci::parse_config(entry.read_config());
    bundle.path = bundle.rootfs = "/";  // not looked at for the cgroups
    CreateOptions options;
    options.id = entry.id();
    return compile_bundle(runtime, bundle, options).host.cgroup_leaves;
  } catch (const Error&) {
    return {};
  }
}

// Read while crumb's copy of the config is there. It was valid when the container was made.
std::optional<Hooks> poststop_hooks(const Entry& entry, const State& state) {
  if (!state.poststop) return std::nullopt;
  try {
    return Hooks(oci::parse_config(entry.read_config()), state.id, state.bundle);
  } catch (const Error& error) {
    log::warning(fmt::format("container \"{}\": no poststop hooks: {}", entry.id(), error.what()));
    return std::nullopt;
  }
}

// Of a container whose process has ended.
void clear(const Runtime& runtime, Entry& entry, const State& state, bool force) {
  const std::optional<Hooks> hooks = poststop_hooks(entry, state);
  end_scope(runtime, state.unit, state.cgroups, force);
  {
    const trace::Span span("remove cgroups");
    linux::remove_cgroups(state.cgroups);
  }
  if (state.rdt) linux::remove_rdt(*state.rdt, state.rdt_made);
  {
    const trace::Span span("remove the state directory");
    entry.remove();
  }
  if (hooks) hooks->stopped();
}

void require_stopped(const State& state) {
  if (!linux::Process::find(state.pid, state.start_time)) return;
  throw fail("container \"{}\" is not stopped: kill it first, or use delete --force", state.id);
}

}  // namespace

void remove(const Runtime& runtime, const std::string& id, bool force) {
  const Store store(runtime.root, false);
  check_id(id);
  if (force) stop_creation(store, id);
  std::optional<Entry> entry = store.find(id);
  if (!entry) {
    if (force) return;
    throw fail("container \"{}\" does not exist", id);
  }
  if (const std::optional<State> state = entry->read()) {
    if (!force) require_stopped(*state);
    end_process(*state);
    return clear(runtime, *entry, *state, force);
  }
  // crumb was killed before it made anything but the directory and a process that dies with it, or somebody broke the file.
  State rest;
  rest.cgroups = cgroups_by_config(runtime, *entry);
  if (!force && !linux::cgroup_processes(rest.cgroups).empty())
    throw fail("container \"{}\" is not stopped: use delete --force", id);
  clear(runtime, *entry, rest, force);
}

void remove_made(const Runtime& runtime, Made& made) {
  if (made.entry.lock_again()) clear(runtime, made.entry, made.state, true);
}

}  // namespace crumb::container
