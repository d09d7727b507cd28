// Where init meets the host (wire/protocol.h): each wait for a process on another CPU takes as long as some of the steps.
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "plan/parts.h"

namespace crumb::plan {
namespace {

std::uint64_t number(wire::Point point) { return static_cast<std::uint64_t>(point); }

// Whether crumb-init could run into it while it makes the container.
bool hinders(const oci::Rlimit& limit) {
  constexpr std::uint64_t kEnoughFiles = 2048;  // Context::kMostSources and more
  switch (limit.type) {
    case RLIMIT_CORE:
    case RLIMIT_LOCKS:
    case RLIMIT_MEMLOCK:
    case RLIMIT_NICE:
    case RLIMIT_NPROC:
    case RLIMIT_RTPRIO:
    case RLIMIT_SIGPENDING:
      return false;
    case RLIMIT_NOFILE:
      return limit.soft < kEnoughFiles;
    default:
      return limit.soft != RLIM_INFINITY;
  }
}

}  // namespace

Meet meet(wire::Point point) { return {.point = number(point)}; }

// The host says it unasked where it need not know how far init is: network devices are moved into a namespace that must be
// there.
Step meet_placed(const oci::Process& process, const Host& host) {
  if (!host.net_devices.empty() || std::ranges::any_of(process.rlimits, hinders)) return meet(wire::Point::placed);
  return Await{.point = number(wire::Point::placed)};
}

// Loading the filter takes the kernel about as long as the host takes to answer.
void add_ready(std::optional<Seccomp> filter, std::vector<Step>& steps) {
  if (!filter) return steps.push_back(meet(wire::Point::ready));
  steps.emplace_back(Tell{.point = number(wire::Point::ready)});
  steps.emplace_back(*std::move(filter));
  steps.emplace_back(Await{.point = number(wire::Point::ready)});
}

}  // namespace crumb::plan
