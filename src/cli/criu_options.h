// What checkpoint and restore take alike.
#pragma once

#include "cli/options.h"
#include "container/container.h"

namespace crumb::cli {

void add_criu_options(Options& options, container::CriuFlags& target);

}  // namespace crumb::cli
