// Control groups by the cgroupfs driver: where the machine has them, a container's leaves, and their end. v1, hybrid and v2
// (docs/cgroups.md). What to make and write is the Plan's (plan::Host); this room only does it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/compile.h"
#include "plan/plan.h"

namespace crumb::linux {

// Reads /proc/self/mountinfo; v2 controllers from cgroup.controllers.
plan::CgroupLayout find_cgroups();

// The same from a mountinfo text; controllers of a v2 hierarchy stay empty. For tests.
plan::CgroupLayout parse_cgroups(const std::string& mountinfo);

// Makes the leaves, writes the limits. A leaf that exists and holds processes is refused. What was made is removed on failure.
void create_cgroups(const plan::Host& host);

// Moves `pid` into the leaves.
void join_cgroups(const std::vector<plan::CgroupLeaf>& leaves, int pid);

// Every process of the leaves and below, as pids of crumb's pid namespace, without duplicates.
std::vector<int> cgroup_processes(const std::vector<plan::CgroupLeaf>& leaves);

// True when a v1 freezer or cgroup.freeze holds the container.
bool cgroups_frozen(const std::vector<plan::CgroupLeaf>& leaves);

// Sends a signal to every process of the leaves; SIGKILL thaws them and repeats until nobody is left (or 10 s have passed).
void kill_cgroups(const std::vector<plan::CgroupLeaf>& leaves, int signal);

// Removes the leaves and what the container made below them; processes in them are killed first. Missing ones are fine. Throws
// when one cannot be removed within 10 s.
void remove_cgroups(const std::vector<plan::CgroupLeaf>& leaves);

}  // namespace crumb::linux
