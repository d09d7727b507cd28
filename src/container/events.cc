#include <chrono>

#include "container/container.h"
#include "container/status.h"
#include "container/store.h"
#include "kernel/call.h"
#include "linux/oom_watch.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

State running_state(const Runtime& runtime, const std::string& id) {
  const Entry entry = Store(runtime.root, false).open(id);
  const std::optional<State> state = entry.read();
  if (!state || status_of(entry, *state) == Status::stopped) throw fail("container with id {} is not running", id);
  return *state;
}

// The cgroups are what is asked for: a resctrl filesystem that says nothing of the container is only a warning.
std::optional<linux::RdtStats> rdt_of(const State& state) {
  if (!state.rdt) return std::nullopt;
  try {
    return linux::rdt_stats(*state.rdt);
  } catch (const Error& error) {
    log::warning(fmt::format("linux.intelRdt: {}", error.what()));
    return std::nullopt;
  }
}

Stats stats_of(const State& state) { return {linux::cgroup_stats(state.cgroups), rdt_of(state)}; }

std::optional<linux::OomWatch> watch_memory(const State& state) {
  try {
    return linux::OomWatch(state.cgroups);
  } catch (const Error& error) {
    log::warning(error.what());
    return std::nullopt;
  }
}

// Until the time has come, memory has run out or the process has ended: true in the last case.
bool wait(const linux::Process& process, const std::optional<linux::OomWatch>& memory, Clock::time_point until) {
  pollfd ready[] = {{process.pidfd(), POLLIN, 0}, {memory ? memory->descriptor() : -1, POLLIN, 0}};
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  const long result = kernel::poll(ready, std::size(ready), std::max<long>(left.count(), 0));
  if (result != -EINTR) check(result, "wait for events");
  return result > 0 && (ready[0].revents & POLLIN) != 0;
}

// The container may end while its cgroups are read: the end is seen in the next round.
void report_stats(const State& state, const Report& report) {
  try {
    const Stats stats = stats_of(state);
    report(&stats);
  } catch (const Error& error) {
    log::debug(error.what());
  }
}

}  // namespace

Stats stats(const Runtime& runtime, const std::string& id) { return stats_of(running_state(runtime, id)); }

void events(const Runtime& runtime, const std::string& id, long interval, const Report& report) {
  const State state = running_state(runtime, id);
  std::optional<linux::OomWatch> memory = watch_memory(state);
  const std::optional<linux::Process> process = linux::Process::find(state.pid, state.start_time);
  if (!process) return;
  Clock::time_point next = Clock::now() + milliseconds(interval);
  for (bool ended = false; !ended;) {
    ended = wait(*process, memory, next);
    for (std::uint64_t times = memory ? memory->take() : 0; times > 0; --times) report(nullptr);
    if (ended || Clock::now() < next) continue;
    report_stats(state, report);
    next = Clock::now() + milliseconds(interval);
  }
}

}  // namespace crumb::container
