// The texts of --help.
#pragma once

#include <string>

#include "cli/command.h"

namespace crumb::cli {

std::string overview(const Options& globals);
std::string help_of(const Command& command, const Options& options);

}  // namespace crumb::cli
