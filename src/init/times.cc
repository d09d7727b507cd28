#include "init/times.h"

#include <sys/mman.h>

#include "kernel/call.h"

namespace crumb::init {

Times::Times(int descriptor, uint32_t steps) {
  if (descriptor == wire::kNoDescriptor) return;
  const Fd file(descriptor);
  struct stat facts{};
  const uint64_t size = uint64_t{steps} * sizeof(wire::StepTimes);
  if (kernel::fstat(file.get(), &facts) < 0 || facts.st_size < 0 || static_cast<uint64_t>(facts.st_size) < size) return;
  const long at = kernel::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (at > 0 || at < -4095) times_ = reinterpret_cast<wire::StepTimes*>(at);
}

void Times::note(const Context& context, uint64_t wire::StepTimes::* member) {
  if (times_ == nullptr || context.filtered) return;
  timespec now{};
  if (kernel::clock_gettime(CLOCK_REALTIME, &now) < 0) return;
  times_[context.step].*member = static_cast<uint64_t>(now.tv_sec) * 1000000000U + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace crumb::init
