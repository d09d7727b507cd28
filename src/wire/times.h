// When crumb-init performed its steps, where somebody wants to know (crumb --trace): a file in memory, one record for each step
// of the Plan, that crumb makes and init fills in. Its descriptor is Header::times.
#pragma once

#include <cstdint>

namespace crumb::wire {

// Nanoseconds of CLOCK_REALTIME: the other clocks differ in a time namespace. 0: not known, as for the steps behind the
// container's filter, which may not allow to ask for the time.
struct StepTimes {
  std::uint64_t begun = 0, ended = 0;
};
static_assert(sizeof(StepTimes) == 16);

}  // namespace crumb::wire
