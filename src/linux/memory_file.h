// Bytes as a sealed memfd: nobody, not even a program that inherits it, can change them.
#pragma once

#include <string_view>

#include "support/fd.h"

namespace crumb::linux {

// `name` shows in /proc/PID/fd. The descriptor is close-on-exec and its offset is 0. executable: may be executed (MFD_EXEC).
Fd sealed_memory_file(const char* name, std::string_view bytes, bool executable = false);

}  // namespace crumb::linux
