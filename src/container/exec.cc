#include <optional>

#include "container/bundle.h"
#include "container/create.h"
#include "container/filter.h"
#include "container/launch.h"
#include "container/store.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/user_namespace.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// Without the container's lock: exec only looks, and the pidfd holds what it saw. A created container takes processes too, as
// with runc.
linux::Process running_process(const Entry& entry, const State& state) {
  std::optional<linux::Process> process = linux::Process::find(state.pid, state.start_time);
  if (!process || !state.ready) throw fail("container \"{}\" is not running", entry.id());
  if (linux::cgroups_frozen(state.cgroups)) throw fail("container \"{}\" is paused", entry.id());
  return std::move(*process);
}

}  // namespace

int exec(const Runtime& runtime, const ExecOptions& options) {
  check_id(options.id);
  settle_descriptors(options.preserve_fds);
  const Entry entry = Store(runtime.root, false).open(options.id);
  const std::optional<State> state = entry.read();
  if (!state) throw fail("container \"{}\" is not running", options.id);
  const linux::Process init = running_process(entry, *state);

  const Fd pidfd(check(kernel::fcntl(init.pidfd(), F_DUPFD_CLOEXEC, first_unpreserved(options.preserve_fds)),
                       "pidfd of container \"{}\"", options.id));
  plan::Surroundings surroundings = surroundings_of(runtime, options.id, state->bundle, state->rootfs);
  surroundings.preserve_fds = options.preserve_fds;
  surroundings.deny_setgroups = linux::denies_setgroups(std::to_string(init.pid()));
  const oci::Config container = config(runtime, options.id);
  plan::Plan plan = plan::compile_exec(options.process, container.linux_, static_cast<std::uint64_t>(pidfd.get()),
                                       linux::foreign_namespaces(init.pid()), state->cgroups, surroundings);
  for (const std::string& warning : plan.warnings) log::warning(warning);
  add_filter(runtime, container, plan);

  if (!options.detach) hold_signals();
  Launch launch(runtime, plan, {-1, -1, pidfd.get(), options.preserve_fds});
  launch.prepare({[](int) {}, [](int) {}});
  launch.await_program(!options.detach);
  if (!options.pid_file.empty()) replace_file(AT_FDCWD, options.pid_file, std::to_string(launch.pid()), 0644);
  launch.release();
  return options.detach ? 0 : linux::reap_forwarding_signals(launch.pid());
}

}  // namespace crumb::container
