// Profile -> filter, by libseccomp.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "helpers/seccomp/profile.h"

namespace crumb::seccomp {

struct Filter {
  std::vector<sock_filter> program;
  std::vector<std::string> left_out;  // a line for each name that libseccomp does not know
};

// Throws Error, beginning with the place below linux.seccomp.
Filter build_filter(const Profile& profile);

}  // namespace crumb::seccomp
