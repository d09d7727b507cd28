// Work that outlives its caller: nobody waits for it, and it is in nobody's way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace crumb::linux {

// The program goes on in a process whose parent has ended, in a session of its own, with little claim to processors and as the
// first to go when memory runs out. False in the parent, which is to leave at once.
bool go_to_background();

// Whether one of the signals that ask a program to end has come, while all are blocked.
bool is_asked_to_end();

// Does `work` in a child in cgroups of its own, NAME-PID in each hierarchy, of little weight, with `memory` bytes at most; and
// returns its exit code. They lie at the root, or beside crumb's own cgroup where that is all that crumb may do; where it may
// make none the work is done here. Nothing is left of them, whichever of the two processes is killed; what was left when both
// were, goes the next time. All signals must be blocked; those that come are handed to the child.
int work_in_own_cgroups(const std::string& name, std::uint64_t memory, const std::function<int()>& work);

// What was left of such cgroups, as far as crumb may.
void remove_abandoned_cgroups(const std::string& name);

}  // namespace crumb::linux
