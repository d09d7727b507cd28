// Config -> Plan. Pure: reads no file and makes no system call; what it needs of the machine it is handed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/config.h"
#include "plan/plan.h"

namespace crumb::plan {

enum class CgroupMode { none, v1, hybrid, v2 };

struct CgroupHierarchy {
  std::string mountpoint;                // "/sys/fs/cgroup/cpu,cpuacct"
  std::vector<std::string> controllers;  // v1: {"cpu", "cpuacct"} or {"name=systemd"}; v2: those available at its root
  bool unified = false;
};

// Where the machine has its cgroups; linux/cgroup.h finds it.
struct CgroupLayout {
  CgroupMode mode = CgroupMode::none;
  std::vector<CgroupHierarchy> hierarchies;
};

// The systemd that is asked for the container's cgroups (--systemd-cgroup).
struct SystemdManager {
  bool user = false;          // the instance of an ordinary user
  std::string control_group;  // its own, below which it makes units: "" for the machine's, "/user.slice/..." for a user's
};

// What the compiler is handed of the machine and the command line.
struct Surroundings {
  std::string id;
  std::string bundle;  // absolute, real path
  std::string rootfs;  // absolute, real path of root.path (the compiler does not look at it)
  CgroupLayout cgroups;
  bool cgroups_disabled = false;          // --cgroup-manager=disabled
  std::optional<SystemdManager> systemd;  // none: crumb makes cgroups itself
  bool no_pivot = false;
  bool keyring = false;                    // a session keyring of the container's own, "_ses.ID"
  std::uint32_t preserve_fds = 0;          // descriptors from 3 on that the program keeps, listening ones included
  std::uint32_t listen_fds = 0;            // how many of them come from socket activation; they are the first
  std::string listen_names;                // LISTEN_FDNAMES; empty: none
  std::uint64_t last_capability = 40;      // of /proc/sys/kernel/cap_last_cap
  bool apparmor = false, selinux = false;  // in force on this kernel
  std::uint64_t own_namespaces = 0;        // CLONE_NEW* of those that config.json joins by path and crumb itself is in

  // Who crumb is.
  std::uint32_t uid = 0, gid = 0;
  bool privileged = true;          // may mount in its own mount namespace
  bool in_user_namespace = false;  // its own is not the machine's first
  bool deny_setgroups = false;     // of its user namespace; for exec, of the container's
  bool keep_groups = false;        // for exec: keeps_original_groups() of the container
  std::string own_cgroup;          // v2: crumb's, "/user.slice/..."
  // Whether crumb may make this leaf and move processes into it; empty: any.
  std::function<bool(const CgroupLeaf&)> may_use;
  std::string resctrl;  // where that filesystem is mounted; empty: nowhere

  bool ordinary_user() const { return uid != 0; }
};

// Whether crun's annotation run.oci.keep_original_groups is there, which podman sets for --group-add keep-groups: the
// container's processes keep the groups that crumb's caller has.
bool keeps_original_groups(const std::map<std::string, std::string>& annotations);

// The Plan of create and run. Throws support Error naming the place in config.json for what cannot be done.
Plan compile_create(const oci::Config& config, const Surroundings& surroundings);

// The Plan of one more process in a running container. `container`: its config. `namespaces`: CLONE_NEW* mask
// of what to join through pidfd, the descriptor's number in crumb-init; leaves: the cgroups of the container that the process
// joins.
Plan compile_exec(const oci::Process& process, const oci::Config& container, std::uint64_t pidfd, std::uint64_t namespaces,
                  std::vector<CgroupLeaf> leaves, const Surroundings& surroundings);

// Whether `memory` has limits that the kernel does not have: memory.kernel, and on v2 memory.kernelTCP. They are ignored with
// that warning, as runc ignores them.
bool limits_kernel_memory(const oci::Memory& memory, bool v2);
inline constexpr char kKernelMemoryIgnored[] = "limits of kernel memory are ignored: Linux has none any more";

// What changes when a container with these leaves is given other limits. `changed`: what is to be changed, in `document`, whose
// members are those of linux.resources; `all`: the container's resources with the changes in them, for what the kernel only
// takes together; `unit`: its scope, if it has one. Throws likewise.
Host compile_update(const oci::Resources& changed, const oci::Resources& all, std::vector<CgroupLeaf> leaves,
                    const std::string& document, const std::string& unit = {});

}  // namespace crumb::plan
