// Names in the container's root. Nothing here follows a path string out of it: openat2 resolves inside the root, what is
// missing is made on descriptors, and what comes back is the object itself (docs/security.md: targets that are swapped under
// us).
#pragma once

#include "init/context.h"

namespace crumb::init {

// O_PATH | flags inside the root; links of the container are followed there. Descriptor or -errno.
long open_inside(Context& context, const char* path, int flags);

// The same for a path that may not exist: missing directories are made (0755), and at the end a directory or an empty file.
enum class Missing { make_directory, make_file };
long open_or_make(Context& context, const char* path, int flags, Missing missing);

// The directory of path's last component (made when missing), and that component.
long open_parent(Context& context, const char* path, const char*& name);

// "/proc/self/fd/N", for the calls that have no form for descriptors. Only before the root changes: it is the host's /proc.
struct DescriptorPath {
  explicit DescriptorPath(int fd);
  char text[32];
};

}  // namespace crumb::init
