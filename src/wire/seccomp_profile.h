// A seccomp profile as crumb hands it to crumb-seccomp, and as the filter cache hashes it: NUL-terminated words on stdin,
// numbers in decimal, in this order.
//
//   kSeccompProfile
//   "strict" or "lenient"       whether a name that libseccomp does not know is an error
//   default action              SECCOMP_RET_* | errno
//   number of architectures, then for each its name ("x86_64")
//   number of rules, then for each
//     action
//     number of system calls, then their names
//     number of comparisons, then for each: argument, operator (kernel::SeccompOperator), value, valueTwo
//
// crumb-seccomp answers on stdout with the filter, an array of struct sock_filter, and leaves with 0; on stderr it says what it
// has left out, a line each. When it leaves with 1, the only line on stderr says what is wrong, beginning with the place below
// linux.seccomp ("syscalls[3].names[0]: ..."). crumb and crumb-seccomp are installed together.
#pragma once

namespace crumb::wire {

inline constexpr char kSeccompProfile[] = "crumb seccomp profile 1";
inline constexpr char kSeccompStrict[] = "strict";
inline constexpr char kSeccompLenient[] = "lenient";

}  // namespace crumb::wire
