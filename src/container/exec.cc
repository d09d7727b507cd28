#include <optional>

#include "container/bundle.h"
#include "container/create.h"
#include "container/filter.h"
#include "container/launch.h"
#include "container/pidfd_socket.h"
#include "container/seccomp_agent.h"
#include "container/store.h"
#include "container/sub_cgroups.h"
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
linux::Process running_process(const Entry& entry, const State& state, bool ignore_paused) {
  std::optional<linux::Process> process = linux::Process::find(state.pid, state.start_time);
  if (!process || !state.ready) throw fail("container \"{}\" is not running", entry.id());
  if (!ignore_paused && linux::cgroups_frozen(state.cgroups))
    throw fail("container \"{}\" is paused (use --ignore-paused to override)", entry.id());
  return std::move(*process);
}

// What keeps the container in its place keeps a process there that says nothing else.
oci::Process with_defaults(oci::Process process, const oci::Config& config) {
  if (!config.process) return process;
  if (process.apparmor_profile.empty()) process.apparmor_profile = config.process->apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = config.process->selinux_label;
  if (!process.scheduler) process.scheduler = config.process->scheduler;
  if (!process.io_priority) process.io_priority = config.process->io_priority;
  if (!process.exec_affinity) process.exec_affinity = config.process->exec_affinity;
  return process;
}

}  // namespace

int exec(const Runtime& runtime, const ExecOptions& options) {
  check_id(options.id);
  settle_descriptors(options.handover);
  const Entry entry = Store(runtime.root, false).open(options.id);
  const std::optional<State> state = entry.read();
  if (!state) throw fail("container \"{}\" is not running", options.id);
  const linux::Process init = running_process(entry, *state, options.ignore_paused);

  const Fd pidfd(check(kernel::fcntl(init.pidfd(), F_DUPFD_CLOEXEC, first_unpreserved(options.handover.count())),
                       "pidfd of container \"{}\"", options.id));
  plan::Surroundings surroundings = surroundings_of(runtime, options.id, state->bundle, state->rootfs);
  add_handover(options.handover, surroundings);
  surroundings.deny_setgroups = linux::denies_setgroups(std::to_string(init.pid()));
  surroundings.keyring = state->keyring;
  Filter filter(runtime);
  const oci::Config container = filter.parse(entry.read_config(), "config.json");
  surroundings.keep_groups = plan::keeps_original_groups(container.annotations);
  plan::Plan plan =
      plan::compile_exec(with_defaults(options.process, container), container, static_cast<std::uint64_t>(pidfd.get()),
                         linux::foreign_namespaces(init.pid()), below(state->cgroups, options.cgroups), surroundings);
  if (options.cgroups.empty()) plan.host.cgroup_fallback = init.pid();
  plan.host.rdt = state->rdt;
  for (const std::string& warning : plan.warnings) log::warning(warning);
  filter.add(container, plan);
  SeccompAgent agent(container);

  const PidfdSocket pidfd_socket(options.pidfd_socket);
  Terminal terminal(options.process, options.console_socket, options.detach);

  if (!options.detach) hold_signals();
  Launch launch(runtime, plan, {-1, -1, pidfd.get(), options.handover.count()});
  const auto notify = [&](int pid, std::uint64_t listener) {
    agent.send(pid, listener, {options.id, state->bundle, Status::running, init.pid()});
  };
  launch.prepare({[&](int) { launch.join_groups(); }, [&](int pid) { pidfd_socket.send(pid); },
                  [&](Fd master) { terminal.take(std::move(master)); }, notify});
  launch.await_program(!options.detach && !terminal.in_foreground());
  if (!options.pid_file.empty()) replace_file(AT_FDCWD, options.pid_file, std::to_string(launch.pid()), 0644);
  const Fd program = launch.release();
  return options.detach ? 0 : terminal.wait(launch.pid());
}

}  // namespace crumb::container
