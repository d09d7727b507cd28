// What of a container's mounts comes from outside: for whoever takes the container apart and puts it together again (criu), the
// mounts that are not his to save. Pure.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace crumb::plan {

struct ExternalMount {
  std::string target;  // in the container, as in config.json: links in it are not resolved
  std::string source;  // on the host
  bool mask = false;   // /dev/null, on what may be a file, a directory or nothing
};

// In the order of the steps. Devices count, as they may be bound.
std::vector<ExternalMount> external_mounts(const std::vector<Step>& steps);

}  // namespace crumb::plan
