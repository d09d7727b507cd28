// Thin wrappers over the system calls that crumb and crumb-init make: named arguments in, value or -errno out.
// Header-only so that the freestanding init links nothing. Only calls that somebody uses are here.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "kernel/syscall.h"

namespace crumb::kernel {

inline long openat(int directory, const char* path, int flags, unsigned mode = 0) {
  return syscall(SYS_openat, directory, path, flags, mode);
}
inline long openat2(int directory, const char* path, const open_how& how) {
  return syscall(SYS_openat2, directory, path, &how, sizeof how);
}
inline long close(int fd) { return syscall(SYS_close, fd); }
inline long read(int fd, void* buffer, unsigned long size) { return syscall(SYS_read, fd, buffer, size); }
inline long write(int fd, const void* buffer, unsigned long size) { return syscall(SYS_write, fd, buffer, size); }

}  // namespace crumb::kernel
