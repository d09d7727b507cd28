// Device rules as an eBPF program of the type BPF_PROG_TYPE_CGROUP_DEVICE, which is what cgroup v2 has in place of v1's list.
// Pure: linux/device_filter.h loads it.
//
// The kernel calls the program for each open and mknod with the device's type, its numbers and the rights that are wanted. Each
// right is decided by the last rule that speaks of it; what no rule speaks of is denied. (v1's list is weaker:
// linux.resources.devices that it could not hold are refused there, so that both versions allow the same.)
#pragma once

#include <linux/bpf.h>

#include <span>
#include <vector>

#include "oci/resources.h"

namespace crumb::plan {

std::vector<bpf_insn> device_filter(std::span<const oci::DeviceRule> rules);

}  // namespace crumb::plan
