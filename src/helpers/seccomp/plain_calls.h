// Calls that libseccomp's rules are not needed for: all that a profile says of them is one answer, whatever the arguments.
//
// Most of a profile are names of calls that are simply allowed. Each as a rule costs libseccomp more the more rules there are;
// what is needed of it are the numbers. Anything else is a rule for libseccomp: calls with comparisons, calls with two answers,
// and those that an architecture has inside another one (socketcall, ipc), together with that one.
#pragma once

#include <cstdint>
#include <vector>

#include "helpers/seccomp/profile.h"
#include "helpers/seccomp/ranges.h"

namespace crumb::seccomp {

struct PlainCalls {
  std::vector<FixedAnswer> answers;  // sorted
  // For each name in the profile's rules, in their order: libseccomp need not hear of it. It hears of the first plain call of
  // each action, which it may refuse.
  std::vector<bool> aside;
};

// `architectures`: libseccomp's, SCMP_ARCH_*, those of the filter.
PlainCalls find_plain_calls(const Profile& profile, const std::vector<std::uint32_t>& architectures);

}  // namespace crumb::seccomp
