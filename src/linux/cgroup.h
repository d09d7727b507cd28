// Control groups by the cgroupfs driver: where the machine has them, a container's leaves, and their end. v1, hybrid and v2
// (docs/plan.md). What to make and write is the Plan's (plan::Host); this room only does it.
//
// All functions that take leaves throw for a path that leads to a hierarchy's root or holds "..", before they touch anything.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/compile.h"
#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::linux {

// Where the hierarchies are: below /sys/fs/cgroup, as systemd and others mount them, else where /proc/self/mountinfo says; v2
// controllers from cgroup.controllers. Paths of leaves count from the mountpoints: where crumb itself runs in a container, from
// what that container sees as the root.
plan::CgroupLayout find_cgroups();

// The parts of it, for tests. Controllers of a v2 hierarchy stay empty.
//
// The hierarchies that are in their usual places, as `kind_of` tells what is at a path: that of version 2 on /sys/fs/cgroup,
// and then no other counts, as for runc and crun; else those of `own`, a text like /proc/self/cgroup. Nothing when one of
// version 1 is somewhere else. mountinfo knows all, but the kernel writes it line by line for every mount of the machine: with
// 300 of them that is a tenth of a start.
enum class CgroupKind { none, v1, v2 };
using CgroupKindOf = std::function<CgroupKind(const std::string& path)>;
std::optional<plan::CgroupLayout> usual_cgroups(const std::function<std::string()>& own, const CgroupKindOf& kind_of);

// A hierarchy that is mounted several times is taken below /sys/fs/cgroup if it is there.
plan::CgroupLayout parse_cgroups(const std::string& mountinfo);

// The cgroups that crumb is in. The second: of a text like /proc/self/cgroup; what lies outside of what crumb sees is left out.
std::vector<plan::CgroupLeaf> own_cgroups();
std::vector<plan::CgroupLeaf> parse_own_cgroups(const plan::CgroupLayout& layout, std::string_view text);

// The unified hierarchy's cgroup that crumb is in, "/" at least.
std::string own_unified_cgroup();

// Whether crumb, without the rights of the machine's root, may make this leaf and move processes into it from where it is.
bool may_use_cgroup(const plan::CgroupLeaf& leaf);

// Makes the leaves, parents included, and writes the limits. v1: an empty cpuset takes the parent's; v2: controllers are
// switched on on the way down. A leaf that exists and holds processes, or is frozen, is refused: `cgroup "/x": already holds
// processes`; a limit that cannot be had: `config.json: PLACE: cgroup "/x" in MOUNTPOINT: write "VALUE" to FILE: REASON`.
// Leaves that are not required only leave a line in the debug log. What was made is removed again on failure.
//
// With a scope the leaves are systemd's, and `pid`, the container's process, is in them already; below the unit's cgroup it is
// moved to where it belongs first: on v2 a cgroup that holds processes gives no controllers to its children.
void create_cgroups(const plan::Host& host, int pid = 0);

// Writes other limits into leaves that are in use: all of them, or, after a failure, the old ones again as far as the kernel
// takes them back, and an Error of the same form as above. `between`, if there is one, is called with all limits in force, and
// they are written again after it: systemd, which it tells about them, rounds some.
void update_cgroups(const plan::Host& host, const std::function<void()>& between = {});

// Moving a process into a cgroup by its pid makes the kernel wait until each CPU has passed through the scheduler: 5 to 20 ms,
// unless somebody has waited for that just before (docs/performance.md). There are ways without. On version 1 a process of one
// thread writes "0" into `tasks` by itself (since Linux 5.5): these files of the leaves, in their order, open for writing.
// Throws where one cannot be opened; `pid`, the process that shall join, is for the message.
std::vector<Fd> cgroup_entrances(const std::vector<plan::CgroupLeaf>& leaves, int pid);

// On version 2 clone3 makes the process in its cgroup: the directory, O_PATH, of the leaf of version 2. None where there is no
// such leaf, or it is not there.
Fd unified_cgroup(const std::vector<plan::CgroupLeaf>& leaves);

// Moves `pid` into the leaves, but for one of version 2 that it is in already. fallback: a process below a leaf of version 2,
// see plan::Host::cgroup_fallback.
void join_cgroups(const std::vector<plan::CgroupLeaf>& leaves, int pid, int fallback = 0);

// Every process of the leaves and below, as pids of crumb's pid namespace, sorted, without duplicates.
std::vector<int> cgroup_processes(const std::vector<plan::CgroupLeaf>& leaves);

// True when a v1 freezer or cgroup.freeze holds the container.
bool cgroups_frozen(const std::vector<plan::CgroupLeaf>& leaves);

// Stops every process of the leaves, and returns when all have stopped: by the freezer of v1, or of v2 where that is the only
// one. Throws when there is none, and when some do not stop within 10 s: then all run again.
void freeze_cgroups(const std::vector<plan::CgroupLeaf>& leaves);

// The directory of the freezer that these are about; empty: there is none.
std::string freezer_directory(const std::vector<plan::CgroupLeaf>& leaves);

// Lets them run again.
void thaw_cgroups(const std::vector<plan::CgroupLeaf>& leaves);

// Sends a signal to every process of the leaves and below; SIGKILL thaws them and repeats until nobody is left (or 10 s have
// passed).
void kill_cgroups(const std::vector<plan::CgroupLeaf>& leaves, int signal);

// Removes the leaves and what the container made below them; processes in them are killed first. Missing ones are fine; parents
// stay, they may be somebody else's. Throws, after having tried all, when one cannot be removed within 10 s.
void remove_cgroups(const std::vector<plan::CgroupLeaf>& leaves);

}  // namespace crumb::linux
