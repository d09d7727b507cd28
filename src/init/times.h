// The times of the steps, for crumb --trace (wire/times.h).
#pragma once

#include "init/context.h"
#include "wire/times.h"

namespace crumb::init {

class Times {
 public:
  // Maps the file behind `descriptor`, which is closed. Without one (wire::kNoDescriptor), and where it cannot be mapped, no
  // time is taken.
  Times(int descriptor, uint32_t steps);

  void begin(const Context& context) { note(context, &wire::StepTimes::begun); }
  void end(const Context& context) { note(context, &wire::StepTimes::ended); }

 private:
  void note(const Context& context, uint64_t wire::StepTimes::* member);

  wire::StepTimes* times_ = nullptr;
};

}  // namespace crumb::init
