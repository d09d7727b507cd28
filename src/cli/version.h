// What `crumb --version` prints.
#pragma once

#include <string>

namespace crumb::cli {

std::string version_text();

}  // namespace crumb::cli
