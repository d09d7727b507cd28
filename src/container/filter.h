// The seccomp filter of a container, for create and exec alike. Most of a config.json is its profile: where the filter cache
// knows the profile's text, it is not read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "container/container.h"
#include "linux/seccomp_filter.h"
#include "oci/config.h"
#include "plan/plan.h"

namespace crumb::container {

class Filter {
 public:
  explicit Filter(const Runtime& runtime) : filter_(runtime.seccomp_path, runtime.seccomp_cache) {}

  // As oci::parse_config, but that a profile which the cache knows has its flags only, and no rules.
  oci::Config parse(std::string_view text, const std::string& name);

  // Puts the filter's program into the Plan of that config, if it has one to load. Throws Error naming the place in
  // config.json.
  void add(const oci::Config& config, plan::Plan& plan);

 private:
  linux::SeccompFilter filter_;
  std::optional<linux::KnownFilter> known_;
};

}  // namespace crumb::container
