// What create and run take alike.
#pragma once

#include "cli/options.h"
#include "container/container.h"

namespace crumb::cli {

void add_create_options(Options& options, container::CreateOptions& target);

}  // namespace crumb::cli
