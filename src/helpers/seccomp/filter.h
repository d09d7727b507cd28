// Profile -> filter, with libseccomp.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "helpers/seccomp/profile.h"

namespace crumb::seccomp {

struct Filter {
  std::vector<sock_filter> program;
  std::vector<std::string> left_out;  // a line for each name that libseccomp does not know
};

// As libseccomp writes it, with all rules given to it, behind the refusal of calls that the profile does not know. Throws
// Error, beginning with the place below linux.seccomp.
Filter list_filter(const Profile& profile);

// The same decisions in the shape that costs least (ranges.h), made with no more of libseccomp than it takes (plain_calls.h).
Filter build_filter(const Profile& profile);

}  // namespace crumb::seccomp
