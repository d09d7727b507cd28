// The procfs that init writes to: an instance of its own, made where no image can put anything over it or a link into it
// (CVE-2025-52881); where the kernel allows none, the one at "/proc", and then nothing that is mounted upon it.
#pragma once

#include "init/context.h"

namespace crumb::init {

// Opens "sys/net/..." or "thread-self/attr/..." of the procfs that the Procfs step holds. 0 or -errno: -ELOOP and -EXDEV for
// what is not procfs's own.
long open_proc(Context& context, const char* path, int flags, Fd& file);

// Writes all of `text` in one call, as the kernel wants it. 0 or -errno.
long write_setting(const Fd& file, const char* text, size_t size);

}  // namespace crumb::init
