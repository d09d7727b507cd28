#include "linux/scheduling.h"

#include <cerrno>

#include "kernel/call.h"
#include "kernel/scheduling.h"
#include "kernel/words.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

// podman takes "Operation not permitted" anywhere for a program that cannot be run.
std::string reason(long error) {
  if (error == -EPERM || error == -EACCES) return "crumb may not give it that";
  if (error == -EINVAL) return "this kernel does not take it";
  return errno_text(static_cast<int>(-error));
}

}  // namespace

void set_scheduler(int pid, const oci::Scheduler& scheduler) {
  kernel::SchedulerAttributes attributes;
  attributes.policy = scheduler.policy;
  attributes.flags = scheduler.flags;
  attributes.nice = scheduler.nice;
  attributes.priority = scheduler.priority;
  attributes.runtime = scheduler.runtime;
  attributes.deadline = scheduler.deadline;
  attributes.period = scheduler.period;
  const long result = kernel::sched_setattr(pid, &attributes);
  if (result < 0)
    throw fail("process.scheduler: {}: {}", kernel::word_of(kernel::kSchedulerPolicies, scheduler.policy), reason(result));
}

void set_io_priority(int pid, const oci::IoPriority& priority) {
  const long result = kernel::ioprio_set(pid, kernel::io_priority(priority.io_class, priority.level));
  if (result < 0)
    throw fail("process.ioPriority: {} {}: {}", kernel::word_of(kernel::kIoPriorityClasses, priority.io_class), priority.level,
               reason(result));
}

void set_affinity(int pid, const oci::BitSet& cpus, const char* member) {
  if (cpus.empty()) return;
  const std::vector<unsigned long> mask(cpus.begin(), cpus.end());
  const long result = kernel::sched_setaffinity(pid, mask.size() * sizeof mask[0], mask.data());
  // EINVAL: none of them is both on this machine and in the cpuset.
  if (result == -EINVAL) throw fail("process.execCPUAffinity.{}: the process may use none of these CPUs", member);
  if (result < 0) throw fail("process.execCPUAffinity.{}: {}", member, reason(result));
}

}  // namespace crumb::linux
