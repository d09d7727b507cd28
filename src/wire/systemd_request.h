// What crumb asks of crumb-systemd: NUL-terminated words on stdin, numbers in decimal, in this order (support/word_list.h).
//
//   kSystemdRequest
//   longest time to wait, in milliseconds: for an answer, and for the end of a unit's job
//   number of addresses of D-Bus, then each ("unix:path=/run/systemd/private"): the first that can be connected to is asked
//   what for: kSystemdStart, kSystemdSet, kSystemdStop or kSystemdFind
//   name of the unit; empty for kSystemdFind
//   number of properties, then for each
//     name
//     signature of its type in D-Bus: a basic type, an array of one, or an array of pairs ("a(ss)")
//     the first version of systemd that knows it, else it is left out; 0: every version
//     number of values, then each: in decimal, "true" or "false", or as it is; pairs one member after the other
//
//   start  makes a transient unit with these properties, after a failed one of this name was reset, and waits until it runs
//   set    gives a unit other properties, until it ends
//   stop   stops a unit and forgets its failure; one that is not there is stopped already
//   find   nothing
//
// crumb-systemd answers on stdout with the cgroup of the unit (start), or the one below which systemd makes all units (find),
// and leaves with 0. When it leaves with 1, the only line on stderr says what is wrong. Installed together with crumb.
#pragma once

namespace crumb::wire {

inline constexpr char kSystemdRequest[] = "crumb systemd request 1";
inline constexpr char kSystemdStart[] = "start";
inline constexpr char kSystemdSet[] = "set";
inline constexpr char kSystemdStop[] = "stop";
inline constexpr char kSystemdFind[] = "find";

}  // namespace crumb::wire
