// From a profile to the filter that the kernel loads. Compiling takes 1 to 2 ms, needs libseccomp and is crumb-seccomp's job;
// what came out is kept (linux/cache.h), and most starts find it there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/cache.h"
#include "oci/config.h"

namespace crumb::linux {

// A filter whose profile was not read.
struct KnownFilter {
  std::uint64_t flags = 0;             // SECCOMP_FILTER_FLAG_*, the profile's
  std::vector<std::uint64_t> program;  // the instructions: struct sock_filter, 8 bytes each
};

// The filter of one container's profile. `strict`: a name that libseccomp does not know is an error, else a line in the debug
// log when the profile is compiled; `name` is what messages call the file. Flags that this kernel does not know are an Error.
class SeccompFilter {
 public:
  // `helper`: path of crumb-seccomp; `cache`: directory of compiled filters, "" for none.
  SeccompFilter(std::string helper, std::string cache) : helper_(std::move(helper)), directory_(std::move(cache)) {}

  // By the profile's text in config.json. Nothing where make() has not been asked for it since this machine runs, or where it
  // leaves calls to an agent: the profile has to be read.
  std::optional<KnownFilter> find(std::string_view text, bool strict, const std::string& name);

  // The instructions, kept for find() with the text that it was last asked for. Throws Error, beginning with the place in
  // config.json, when libseccomp refuses the profile.
  std::vector<std::uint64_t> make(const oci::Seccomp& profile, bool strict, const std::string& name);

 private:
  Cache& cache();

  std::string helper_, directory_;
  std::optional<Cache> cache_;  // opened, with its warnings, when there is a profile
  std::string missed_;          // the key that find() has not found; "": it was not asked
};

// The words of wire/seccomp_profile.h for it.
std::string seccomp_profile(const oci::Seccomp& profile, bool strict);

// Of kernel::kSeccompFlags, those that this kernel knows.
std::uint64_t supported_seccomp_flags();

}  // namespace crumb::linux
