// What the files of the compiler share. Each part adds its share to the Plan; compile.cc says in which order.
#pragma once

#include <sched.h>

#include <linux/mount.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/compile.h"
#include "plan/plan.h"
#include "support/error.h"
#include "wire/protocol.h"

namespace crumb::plan {

inline constexpr char kNotSupported[] = "not supported by this version of crumb";

struct Input {
  const oci::Config& config;
  const Surroundings& surroundings;

  // There is one: a container without it was refused first of all (compile.cc).
  const oci::Process& process() const { return *config.process; }  // NOLINT(bugprone-unchecked-optional-access)
  // "config.json: PLACE: reason"
  Error error(std::string_view place, std::string_view reason) const { return fail("{}: {}: {}", config.name, place, reason); }
  bool has_namespace(std::uint64_t type) const {
    const auto& spaces = config.linux_.namespaces;
    return std::any_of(spaces.begin(), spaces.end(), [&](const oci::Namespace& space) { return space.type == type; });
  }
  bool joins(std::uint64_t type) const {
    const auto& spaces = config.linux_.namespaces;
    return std::any_of(spaces.begin(), spaces.end(),
                       [&](const oci::Namespace& space) { return space.type == type && !space.path.empty(); });
  }
  // Its own, or the one that crumb is in.
  bool in_user_namespace() const { return has_namespace(CLONE_NEWUSER) || surroundings.in_user_namespace; }
  // Neither crumb's own one, nor a path that leads there.
  bool has_foreign_namespace(std::uint64_t type) const {
    return has_namespace(type) && (surroundings.own_namespaces & type) == 0;
  }
};

// What mounts of the host's tree become. Unbindable ones could be no source of a bind: that comes after the root has changed.
inline std::uint64_t first_propagation(std::uint64_t asked) {
  if (asked & MS_UNBINDABLE) return MS_PRIVATE | MS_REC;
  return (asked ? asked : std::uint64_t{MS_SLAVE}) | MS_REC;
}

// cgroup.cc: leaves and what is written into them.
void add_cgroups(const Input& input, Plan& plan);

// Where linux.resources stands and what they are for.
struct LimitsInput {
  const oci::Resources& resources;
  std::string prefix;  // of places in Host::document: "linux.resources."
  bool v2 = false;
  bool disabled = false;    // --cgroup-manager=disabled
  bool restricted = false;  // crumb may not make every cgroup (Surroundings::may_use)
};

// limits.cc: everything but the devices; an Error for what the leaves' controllers cannot do.
void add_limits(const LimitsInput& input, Host& host);

// devices.cc: the list of the devices controller on v1, the filter on v2.
void add_devices(const LimitsInput& input, Host& host);

// The rules that both are made of, in the order in which they apply; the first is about all devices.
std::vector<oci::DeviceRule> device_rules(const LimitsInput& input);

// The index of the leaf with this controller, of the version that limits.
std::optional<std::size_t> leaf_with(const Host& host, std::string_view controller, bool v2);

// net_devices.cc: the host's network devices that the container is given.
void add_net_devices(const Input& input, Host& host);

// intel_rdt.cc: the container's class of service and monitoring group.
void add_intel_rdt(const Input& input, Host& host);

// users.cc: what config.json may not ask for in its user namespace, or without one; the host's share in making it.
void check_users(const Input& input);
void add_users(const Input& input, Host& host);
// Whether the container's processes cannot change their groups.
bool denies_setgroups(const Input& input);

// mounts.cc: mounts, devices, links, the working directory, masked and read-only paths, all inside the root. The Sources belong
// before everything else.
void add_filesystem(const Input& input, Host& host, std::vector<Source>& sources, std::vector<Step>& steps);

// sysctl.cc: linux.sysctl, each checked to belong to a namespace that is the container's.
void add_sysctls(const Input& input, std::vector<Step>& steps);

// labels.cc: what the kernel's security modules are told. Throws where the kernel has no such module; `place` is that of the
// process, for the message.
void check_labels(const oci::Process& process, const Surroundings& surroundings, std::string_view place);
std::string mount_label(const Input& input);  // "context=LABEL"; empty: none
void add_keyring(const oci::Process& process, const Surroundings& surroundings, std::uint64_t permissions,
                 std::vector<Step>& steps);
void add_program_labels(const oci::Process& process, std::vector<Step>& steps);

// mount_options.cc: one entry of config.json's mounts; what its options mean.
Mount compile_mount(const Input& input, const oci::Mount& mount);

// idmap.cc: the user namespace that the mount's ids are mapped through, if there is one.
struct MountIdmap {
  Idmap idmap;
  bool recursive = false;
};
std::optional<MountIdmap> compile_idmap(const Input& input, const oci::Mount& mount);

// process.cc: the session, and the terminal if one is asked for; console: on /dev/console too.
void add_terminal(const oci::Process& process, bool console, std::vector<Step>& steps);

// hooks.cc: those that run when everything is mounted, before the root changes; the host's share.
void add_hooks_of_creation(const Input& input, Host& host, std::vector<Step>& steps);

// hooks.cc: those that run at start, right before the program.
std::vector<Hook> start_hooks(const Input& input);

// meetings.cc: how the process comes to be in its cgroups and to have its limits.
Step meet_placed(const oci::Process& process, const Host& host, const Surroundings& surroundings);
// `ready`, with the filter that comes right behind it, if there is one.
void add_ready(std::optional<Seccomp> filter, std::vector<Step>& steps);
Meet meet(wire::Point point);

// process.cc: the last steps of docs/protocol, and the limits that the host sets. `hooks` run before the program.
enum class Last { create, exec };
void add_process(const oci::Process& process, const oci::Linux& container, const Surroundings& surroundings, Last last,
                 std::vector<Hook> hooks, bool keep_groups, Plan& plan);

}  // namespace crumb::plan
