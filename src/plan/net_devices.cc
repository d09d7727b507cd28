// linux.netDevices: which container may be given network devices of the host.
#include <sched.h>

#include "plan/parts.h"

namespace crumb::plan {

void add_net_devices(const Input& input, Host& host) {
  const auto& devices = input.config.linux_.net_devices;
  if (devices.empty()) return;
  constexpr char kPlace[] = "linux.netDevices";
  if (!input.has_namespace(CLONE_NEWNET)) throw input.error(kPlace, "needs a \"network\" namespace in linux.namespaces");
  if (!input.has_foreign_namespace(CLONE_NEWNET))
    throw input.error(kPlace, "the container shares the host's network namespace");
  if (!input.surroundings.privileged) throw input.error(kPlace, "an ordinary user has no network devices to give");
  host.net_devices = devices;
}

}  // namespace crumb::plan
