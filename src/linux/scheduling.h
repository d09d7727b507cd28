// How the kernel's schedulers treat a process: process.scheduler, process.ioPriority and process.execCPUAffinity, set from
// outside. Inside a user namespace no process has the rights that some of it needs.
#pragma once

#include "oci/config.h"

namespace crumb::linux {

// All throw Error that begins with the place in config.json or in exec's process.
void set_scheduler(int pid, const oci::Scheduler& scheduler);
void set_io_priority(int pid, const oci::IoPriority& priority);

// `member` of process.execCPUAffinity: "initial" or "final". 0 is crumb itself; no CPUs: nothing is changed.
void set_affinity(int pid, const oci::BitSet& cpus, const char* member);

}  // namespace crumb::linux
