// User and time namespaces from the host's side: who may map which ids, and the files of /proc that make the maps
// (user_namespaces(7), time_namespaces(7)).
#pragma once

#include <vector>

#include "oci/config.h"
#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::linux {

// Whether crumb has this capability (CAP_*) in its user namespace.
bool has_capability(int capability);

// Whether crumb's user namespace is another than the machine's first.
bool in_user_namespace();

// Whether processes in the user namespace of `pid` may not change their groups. The caller's own for "self".
bool denies_setgroups(const std::string& pid);

// Writes the maps of the new user namespace that `pid`, a child of crumb, is in: directly where crumb has the right, else by
// newuidmap and newgidmap of $PATH.
void write_id_maps(int pid, const plan::IdMaps& maps);

// Of the time namespace that the next child of `pid` will be in.
void write_time_offsets(int pid, const std::vector<oci::TimeOffset>& offsets);

// A user namespace for idmapped mounts, held by nothing but this descriptor.
Fd open_user_namespace(const plan::Idmap& idmap);

}  // namespace crumb::linux
