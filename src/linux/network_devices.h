// linux.netDevices: network devices of the host that become the container's (config-linux.md, Network Devices).
#pragma once

#include "plan/plan.h"

namespace crumb::linux {

// Moves them from crumb's network namespace into that of `pid`, with their permanent addresses of global scope, and sets them
// up. What becomes of them with the namespace is the kernel's affair. Throws Error: `config.json: linux.netDevices["eth0"]:
// ...`.
void move_network_devices(const plan::Host& host, int pid);

}  // namespace crumb::linux
