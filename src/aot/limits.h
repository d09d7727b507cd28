// How much of the machine a compilation may take.
#pragma once

#include "aot/options.h"

namespace crumb::aot {

// From here on running out of memory or time ends the process with a line that says so. Without a limit of memory, too: an
// allocation may still fail. The process also ends with the one that started it, and leaves no core file.
void set_limits(const Options& options);

[[noreturn]] void out_of_memory();

}  // namespace crumb::aot
