// Read-only handles to crumb-init and crumb-wasm (docs/security.md): what a container executes is
// never a file that it could open for writing through /proc/self/exe (CVE-2019-5736).
#pragma once

#include <string>

#include "support/fd.h"

namespace crumb::linux {

// A descriptor for execveat(fd, "", ..., AT_EMPTY_PATH): the file in a detached read-only mount, its pages shared with every
// other user of it; where the kernel cannot do that (before 5.12, or no CAP_SYS_ADMIN), the file itself if crumb is an ordinary
// user's and only root can write to it, else a sealed copy in memory.
Fd open_executable(const std::string& path);

// A descriptor for reading that nobody can turn into one for writing, whatever his rights: the same open file in a detached
// read-only mount, its pages shared, where the kernel can do that; else a sealed copy in memory, called `name`.
Fd open_read_only(int file, const char* name);

// The path of one of our programs: beside the running crumb as built ("../libexec/crumb/NAME", "../bin/NAME") or installed.
// Throws when there is none.
std::string find_program(const std::string& name);

}  // namespace crumb::linux
