#include "container/scope.h"

#include <csignal>

#include "linux/cgroup.h"
#include "linux/systemd.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

linux::Systemd systemd(const Runtime& runtime) { return {runtime.systemd_path, linux::systemd_addresses(!is_machine_root())}; }

}  // namespace

std::optional<plan::SystemdManager> systemd_of(const Runtime& runtime) {
  if (runtime.cgroup_manager != CgroupManager::systemd) return std::nullopt;
  if (is_machine_root()) return plan::SystemdManager{};
  return plan::SystemdManager{true, linux::systemd_cgroup(systemd(runtime))};
}

Runtime as_created(const Runtime& runtime, const State& state) {
  Runtime result = runtime;
  if (!state.unit.empty()) result.cgroup_manager = CgroupManager::systemd;
  return result;
}

void start_scope(const Runtime& runtime, const plan::Host& host, int pid) {
  if (host.scope) linux::start_scope(systemd(runtime), *host.scope, pid);
}

void set_scope(const Runtime& runtime, const plan::Host& host) {
  if (host.scope) linux::set_properties(systemd(runtime), *host.scope);
}

void end_scope(const Runtime& runtime, const std::string& unit, const std::vector<plan::CgroupLeaf>& cgroups,
               bool best_effort) {
  if (unit.empty()) return;
  linux::kill_cgroups(cgroups, SIGKILL);
  try {
    linux::stop_unit(systemd(runtime), unit);
  } catch (const Error& error) {
    if (!best_effort) throw;
    log::warning(error.what());
  }
}

}  // namespace crumb::container
