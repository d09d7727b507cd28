// The profile that crumb-seccomp reads (wire/seccomp_profile.h).
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crumb::seccomp {

struct Rule {
  std::uint32_t action = 0;
  std::vector<std::string> names;
  std::vector<scmp_arg_cmp> comparisons;
};

struct Profile {
  bool strict = false;
  std::uint32_t default_action = 0;
  std::vector<std::string> architectures;
  std::vector<Rule> rules;
};

// Throws support Error for anything but a whole profile and not a byte more.
Profile parse_profile(std::string_view bytes);

}  // namespace crumb::seccomp
