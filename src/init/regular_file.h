// Files of the container that init reads: hostile, so only regular ones, and opening must neither wait (FIFO) nor act (device).
#pragma once

#include "kernel/fd.h"

namespace crumb::init {

// O_PATH, following links as the container would. 0 or -errno; -EACCES for anything but a regular file.
long open_regular(const char* path, Fd& handle);

// The same file for reading: an O_PATH descriptor cannot be read and /proc may not be there. -ESTALE when the name leads to
// another file now.
long reopen_readable(const char* path, const Fd& handle, Fd& file);

}  // namespace crumb::init
