// Names in the container's root. Nothing here follows a path string out of it: openat2 resolves inside the root, what is
// missing is made on descriptors, and what comes back is the object itself (docs/security.md: targets that are swapped under
// us).
#pragma once

#include "init/context.h"

namespace crumb::init {

// What may lie on the way to a name.
enum class Links {
  inside,  // followed, as the container would: "/" is its root
  none,    // ELOOP
};

// O_PATH | flags inside the root. 0 or -errno.
long open_inside(Context& context, const char* path, int flags, Links links, Fd& found);

// The same for a path that may not exist: missing directories are made (0755), and at the end a directory or an empty file
// (0644). Links that lead nowhere are followed to what is then made inside the root.
enum class Missing { make_directory, make_file };
long open_or_make(Context& context, const char* path, int flags, Links links, Missing missing, Fd& found);

// The directory of path's last component (made when missing, no links on the way), and that component.
long open_parent(Context& context, const char* path, Fd& parent, const char*& name);

// What `fd` is.
long look_at(int fd, Place& place);

// -EINVAL when `place` is the root itself: what is mounted there would lie above the root that init holds.
long refuse_root(Context& context, const Place& place);

// Whether `path` now leads to the mount that `mount` is on: -ESTALE when somebody moved the place while it was mounted upon.
long check_mounted(Context& context, const char* path, int flags, const Place& mount);
long check_mounted(Context& context, const char* path, int flags, int mount);

// "/proc/self/fd/N", for the calls that have no form for descriptors. Until the root changes this is the host's /proc.
struct DescriptorPath {
  explicit DescriptorPath(int fd);
  char text[32];
};

}  // namespace crumb::init
