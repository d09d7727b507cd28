// What comes before libseccomp's filter: calls that are newer than the profile get ENOSYS.
//
// A profile's default errno (EPERM) for a call that nobody had heard of when the profile was written breaks libraries that try
// the new call first and fall back on ENOSYS. As in runc, everything above the highest number that the profile names is such a
// call, unless the default action lets calls pass.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace crumb::seccomp {

// The highest number that a profile names, for one of libseccomp's architectures.
struct LastCall {
  std::uint32_t architecture = 0;  // SCMP_ARCH_*
  std::uint32_t number = 0;        // as in seccomp_data.nr: x32's have their bit
};

// Instructions to stand before a filter; none when `last` is empty.
std::vector<sock_filter> refuse_unknown_calls(const std::vector<LastCall>& last);

}  // namespace crumb::seccomp
