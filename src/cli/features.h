// What `crumb features` prints (runtime-spec features.md): what this build can do, whatever the machine it runs on.
#pragma once

#include <string>

namespace crumb::cli {

std::string features_json();

}  // namespace crumb::cli
