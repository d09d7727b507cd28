#include <algorithm>
#include <csignal>
#include <optional>
#include <vector>

#include "container/container.h"
#include "container/store.h"
#include "kernel/namespaces.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "support/error.h"

namespace crumb::container {
namespace {

// Where the pid namespace is not the container's own, the kernel does not end the other processes with the first.
bool shares_pid_namespace(const Entry& entry) {
  const oci::Config config = oci::parse_config(entry.read_config());
  for (const oci::Namespace& space : config.linux_.namespaces)
    if (space.type == CLONE_NEWPID) return !space.path.empty();
  return true;
}

}  // namespace

void kill(const Runtime& runtime, const std::string& id, int signal, bool all) {
  const Entry entry = Store(runtime.root, false).open(id);
  const std::optional<State> state = entry.read();
  if (!state) throw Error("container not running");
  const std::optional<linux::Process> process = linux::Process::find(state->pid, state->start_time);
  const bool everybody = all || (signal == SIGKILL && shares_pid_namespace(entry));
  const std::vector<int> members = everybody ? linux::cgroup_processes(state->cgroups) : std::vector<int>();
  const bool is_member = process && std::ranges::find(members, process->pid()) != members.end();

  if (!members.empty()) linux::kill_cgroups(state->cgroups, signal);
  // A process that has ended since is as good as one that was not there.
  const bool reached = process && (is_member || process->send_signal(signal));
  // v1 does not end a frozen process before it thaws: after the signal, so that it does not run again.
  if (signal == SIGKILL && linux::cgroups_frozen(state->cgroups)) linux::thaw_cgroups(state->cgroups);
  if (!reached && members.empty() && !all) throw Error("container not running");
}

}  // namespace crumb::container
