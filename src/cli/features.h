// What `crumb features` prints (runtime-spec features.md): what this crumb can do, whatever the machine it runs on.
#pragma once

#include <string>

namespace crumb::cli {

// `systemd`: crumb-systemd is there.
std::string features_json(bool systemd);

}  // namespace crumb::cli
