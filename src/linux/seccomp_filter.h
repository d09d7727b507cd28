// From a profile to the filter that the kernel loads. Compiling takes libseccomp some 15 ms and is crumb-seccomp's job; what
// came out is kept (linux/cache.h), and most starts find it there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "oci/config.h"

namespace crumb::linux {

struct SeccompCompiler {
  std::string helper;   // path of crumb-seccomp
  std::string cache;    // directory of compiled filters; "": none
  bool strict = false;  // a name that libseccomp does not know is an error, else a line in the debug log when it is compiled
};

// The instructions (struct sock_filter, 8 bytes each). Throws Error, beginning with the place in config.json, when libseccomp
// refuses the profile or the kernel does not know one of its flags; `name` is what messages call the file.
std::vector<std::uint64_t> seccomp_filter(const oci::Seccomp& profile, const SeccompCompiler& compiler,
                                          const std::string& name);

// The words of wire/seccomp_profile.h for it.
std::string seccomp_profile(const oci::Seccomp& profile, bool strict);

// Of kernel::kSeccompFlags, those that this kernel knows.
std::uint64_t supported_seccomp_flags();

}  // namespace crumb::linux
