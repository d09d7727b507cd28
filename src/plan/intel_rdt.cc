// linux.intelRdt: which directories of the resctrl filesystem are the container's.
#include "plan/parts.h"

namespace crumb::plan {

void add_intel_rdt(const Input& input, Host& host) {
  if (!input.config.linux_.intel_rdt) return;
  const oci::IntelRdt& rdt = *input.config.linux_.intel_rdt;
  const std::string& mountpoint = input.surroundings.resctrl;
  if (mountpoint.empty()) throw input.error("linux.intelRdt", "no resctrl filesystem is mounted on this machine");
  RdtGroup group;
  group.mountpoint = mountpoint;
  group.schemata = rdt.schemata;
  group.compared = rdt.compared;
  group.own = rdt.clos_id.empty();
  group.must_exist = !group.own && rdt.schemata.empty();
  group.directory = rdt.clos_id == "/" ? mountpoint : mountpoint + "/" + (group.own ? input.surroundings.id : rdt.clos_id);
  if (rdt.monitoring) group.monitor = group.directory + "/mon_groups/" + input.surroundings.id;
  host.rdt = std::move(group);
}

}  // namespace crumb::plan
