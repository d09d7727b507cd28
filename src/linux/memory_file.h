// Files in memory (memfd_create).
#pragma once

#include <string_view>

#include "support/fd.h"

namespace crumb::linux {

// Sealed: nobody, not even a program that inherits it, can change the bytes. `name` shows in /proc/PID/fd. The descriptor is
// close-on-exec and its offset is 0. executable: may be executed (MFD_EXEC).
Fd sealed_memory_file(const char* name, std::string_view bytes, bool executable = false);

// One that can be written, and mapped for writing, by who inherits it: `size` bytes of 0.
Fd shared_memory_file(const char* name, std::size_t size);

}  // namespace crumb::linux
