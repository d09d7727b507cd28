#include "container/unfinished.h"

#include <chrono>

#include "container/scope.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// RFC 3339, UTC.
std::string now() {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace); glibc's gmtime reads the local time zone's file
  const auto time = time_point_cast<nanoseconds>(system_clock::now());
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

// Crumb's own, which the container's process inherits. A terminal is made again by whoever makes the process again.
std::vector<std::string> first_descriptors(const oci::Process& process) {
  if (process.terminal) return {};
  std::vector<std::string> targets;
  for (const char* number : {"0", "1", "2"}) {
    char target[4096];
    const long size = kernel::readlinkat(AT_FDCWD, (std::string("/proc/self/fd/") + number).c_str(), target, sizeof target);
    targets.emplace_back(target, size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  return targets;
}

State first_state(const CreateOptions& options, const Bundle& bundle, const plan::Plan& plan) {
  State state;
  state.id = options.id;
  state.bundle = bundle.path;
  state.rootfs = bundle.rootfs;
  state.created = now();
  state.annotations = bundle.config.annotations;
  state.poststart = !bundle.config.hooks.poststart.empty();
  state.poststop = !bundle.config.hooks.poststop.empty();
  state.keyring = !options.no_new_keyring;
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): the compiler has refused a container without a process
  state.descriptors = first_descriptors(*bundle.config.process);
  state.cgroups = plan.host.cgroup_leaves;
  if (plan.host.scope) state.unit = plan.host.scope->unit;
  state.rdt = plan.host.rdt;
  state.rdt_made = state.rdt && state.rdt->own && !linux::has_class(*state.rdt);
  return state;
}

void refuse_used_cgroups(const std::vector<plan::CgroupLeaf>& leaves) {
  if (linux::cgroup_processes(leaves).empty()) return;
  throw fail("config.json: linux.cgroupsPath: cgroup \"{}\" already holds processes", leaves.front().path);
}

}  // namespace

Unfinished::~Unfinished() {
  if (finished_) return;
  try {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it has the scope only where there is one
    if (has_scope_) end_scope(runtime_, host_.scope->unit, host_.cgroup_leaves, true);
    if (has_cgroups_) linux::remove_cgroups(host_.cgroup_leaves);
    entry_.remove();
  } catch (const Error& error) {
    log::warning(error.what());
  }
  hooks_.stopped();
}

State announce(const Entry& entry, const CreateOptions& options, const Bundle& bundle, const plan::Plan& plan) {
  refuse_used_cgroups(plan.host.cgroup_leaves);
  entry.write_config(bundle.text);
  return first_state(options, bundle, plan);
}

void record(const Entry& entry, State& state, int pid) {
  state.pid = pid;
  state.start_time = linux::start_time(pid).value_or(0);
  entry.write(state);
}

}  // namespace crumb::container
