// Files that a guest may never open: those of the kernel's own filesystems. /proc/self/mem among them is the engine's memory,
// with which a guest would write native code over its own sandbox.
//
// The guard is WAMR's openat, replaced by --wrap: WAMR opens every component of a path by itself with O_NOFOLLOW, so a look at
// the filesystem of each new descriptor is complete and leaves no race: whichever way led there, links, `..` or another mount
// of it.
#pragma once

namespace crumb::engine {

// Whether the open file lies on procfs, sysfs, cgroupfs or another filesystem of the kernel's own. True when that is unknown.
bool on_forbidden_filesystem(int descriptor);

}  // namespace crumb::engine
