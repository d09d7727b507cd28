// Where init meets the host (wire/protocol.h): each wait for a process on another CPU takes as long as some of the steps.
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "plan/parts.h"

namespace crumb::plan {
namespace {

std::uint64_t number(wire::Point point) { return static_cast<std::uint64_t>(point); }

// Whether crumb-init could run into it while it makes the container.
bool hinders(const oci::Rlimit& limit, const Surroundings& surroundings) {
  constexpr std::uint64_t kEnoughFiles = 4096;  // Context::kMostSources, as many user namespaces for them, and more
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
      return limit.soft < kEnoughFiles + surroundings.preserve_fds;
    default:
      return limit.soft != RLIM_INFINITY;
  }
}

}  // namespace

Meet meet(wire::Point point) { return {.point = number(point)}; }

// The host says it unasked where it need not know how far init is: network devices are moved into a namespace that must be
// there, and with another scheduler init may hardly come to run.
Step meet_placed(const oci::Process& process, const Host& host, const Surroundings& surroundings) {
  const auto in_the_way = [&](const oci::Rlimit& limit) { return hinders(limit, surroundings); };
  const bool asks = !host.net_devices.empty() || process.scheduler || std::ranges::any_of(process.rlimits, in_the_way);
  if (asks) return meet(wire::Point::placed);
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
