// Changing a mount that is held by a descriptor: mount_setattr (Linux 5.12), else mount(2) on the descriptor's /proc path.
#pragma once

#include "init/context.h"

namespace crumb::init {

struct Change {
  uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  uint64_t propagation = 0;     // MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE; 0: as it is
  bool recursive = false;
};

// mount_setattr alone: works on detached mounts too. 0 or -errno; -ENOSYS on older kernels.
long change_mount(int mount, const Change& change);

// The same by mount(2); `mount` must be attached, its other flags are kept. -ENOSYS for recursive attributes, which it cannot
// do.
long change_mount_legacy(int mount, const Change& change);

// Whichever the kernel has, for a mount that is attached.
long change_attached_mount(int mount, const Change& change);

// MOUNT_ATTR_* in the words of mount(2), for a new mount.
unsigned long legacy_flags(uint64_t attributes);

}  // namespace crumb::init
