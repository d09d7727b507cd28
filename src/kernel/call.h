// Thin wrappers over the system calls that crumb and crumb-init make: named arguments in, value or -errno out.
// Header-only so that the freestanding init links nothing. Only calls that somebody uses are here.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "kernel/syscall.h"

namespace crumb::kernel {

// Files and directories.
// Repeated when a signal interrupts it, which filesystems over a network or in user space allow.
inline long openat(int directory, const char* path, int flags, unsigned mode = 0) {
  long result = 0;
  do result = syscall(SYS_openat, directory, path, flags, mode);
  while (result == -EINTR);
  return result;
}
inline long openat2(int directory, const char* path, const open_how& how) {
  return syscall(SYS_openat2, directory, path, &how, sizeof how);
}
inline long close(int fd) { return syscall(SYS_close, fd); }
inline long close_range(unsigned first, unsigned last, unsigned flags) { return syscall(SYS_close_range, first, last, flags); }
inline long read(int fd, void* buffer, unsigned long size) { return syscall(SYS_read, fd, buffer, size); }
inline long pread64(int fd, void* buffer, unsigned long size, long offset) {
  return syscall(SYS_pread64, fd, buffer, size, offset);
}
inline long write(int fd, const void* buffer, unsigned long size) { return syscall(SYS_write, fd, buffer, size); }
inline long lseek(int fd, long offset, int whence) { return syscall(SYS_lseek, fd, offset, whence); }
inline long fcntl(int fd, int command, long argument = 0) { return syscall(SYS_fcntl, fd, command, argument); }
inline long dup3(int from, int to, int flags) { return syscall(SYS_dup3, from, to, flags); }
inline long ioctl(int fd, unsigned long request, unsigned long argument) { return syscall(SYS_ioctl, fd, request, argument); }
inline long flock(int fd, int operation) { return syscall(SYS_flock, fd, operation); }
inline long fstat(int fd, struct stat* facts) { return syscall(SYS_fstat, fd, facts); }
inline long fstatat(int directory, const char* path, struct stat* facts, int flags) {
  return syscall(SYS_newfstatat, directory, path, facts, flags);
}
inline long statx(int directory, const char* path, int flags, unsigned mask, struct statx* facts) {
  return syscall(SYS_statx, directory, path, flags, mask, facts);
}
inline long fstatfs(int fd, struct statfs* facts) { return syscall(SYS_fstatfs, fd, facts); }
inline long faccessat2(int directory, const char* path, int mode, int flags) {
  return syscall(SYS_faccessat2, directory, path, mode, flags);
}
inline long readlinkat(int directory, const char* path, char* buffer, unsigned long size) {
  return syscall(SYS_readlinkat, directory, path, buffer, size);
}
inline long getdents64(int fd, void* buffer, unsigned long size) { return syscall(SYS_getdents64, fd, buffer, size); }
inline long mkdirat(int directory, const char* path, unsigned mode) { return syscall(SYS_mkdirat, directory, path, mode); }
inline long mknodat(int directory, const char* path, unsigned mode, unsigned long device) {
  return syscall(SYS_mknodat, directory, path, mode, device);
}
inline long symlinkat(const char* target, int directory, const char* path) {
  return syscall(SYS_symlinkat, target, directory, path);
}
inline long unlinkat(int directory, const char* path, int flags) { return syscall(SYS_unlinkat, directory, path, flags); }
// renameat2 without flags: aarch64 has no renameat.
inline long renameat(int from_directory, const char* from, int to_directory, const char* to) {
  return syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}
inline long fchmod(int fd, unsigned mode) { return syscall(SYS_fchmod, fd, mode); }
inline long fchmodat(int directory, const char* path, unsigned mode) { return syscall(SYS_fchmodat, directory, path, mode); }
inline long fchownat(int directory, const char* path, unsigned uid, unsigned gid, int flags) {
  return syscall(SYS_fchownat, directory, path, uid, gid, flags);
}
inline long fsetxattr(int fd, const char* name, const void* value, unsigned long size, int flags) {
  return syscall(SYS_fsetxattr, fd, name, value, size, flags);
}
inline long umask(unsigned mask) { return syscall(SYS_umask, mask); }
inline long chdir(const char* path) { return syscall(SYS_chdir, path); }
inline long fchdir(int fd) { return syscall(SYS_fchdir, fd); }
inline long getcwd(char* buffer, unsigned long size) { return syscall(SYS_getcwd, buffer, size); }
inline long memfd_create(const char* name, unsigned flags) { return syscall(SYS_memfd_create, name, flags); }
inline long pipe2(int* ends, int flags) { return syscall(SYS_pipe2, ends, flags); }

// Notices of changed files, of memory events and the like.
inline long inotify_init1(int flags) { return syscall(SYS_inotify_init1, flags); }
inline long inotify_add_watch(int fd, const char* path, unsigned events) {
  return syscall(SYS_inotify_add_watch, fd, path, events);
}
inline long eventfd2(unsigned count, int flags) { return syscall(SYS_eventfd2, count, flags); }

// Programs in the kernel. `attributes`: a bpf_attr or what begins like one.
inline long bpf(int command, const void* attributes, unsigned size) { return syscall(SYS_bpf, command, attributes, size); }

// Memory.
inline long mmap(void* address, unsigned long size, int protection, int flags, int fd, long offset) {
  return syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

// Mounts and roots.
inline long open_tree(int directory, const char* path, unsigned flags) {
  return syscall(SYS_open_tree, directory, path, flags);
}
inline long move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  return syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
inline long mount_setattr(int directory, const char* path, unsigned flags, const mount_attr& attributes) {
  return syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}
inline long fsopen(const char* type, unsigned flags) { return syscall(SYS_fsopen, type, flags); }
inline long fsconfig(int context, unsigned command, const char* key, const void* value, int extra) {
  return syscall(SYS_fsconfig, context, command, key, value, extra);
}
inline long fspick(int directory, const char* path, unsigned flags) { return syscall(SYS_fspick, directory, path, flags); }
inline long fsmount(int context, unsigned flags, unsigned attributes) {
  return syscall(SYS_fsmount, context, flags, attributes);
}
inline long mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) {
  return syscall(SYS_mount, source, target, type, flags, data);
}
inline long umount2(const char* target, int flags) { return syscall(SYS_umount2, target, flags); }
inline long pivot_root(const char* root, const char* old) { return syscall(SYS_pivot_root, root, old); }
inline long chroot(const char* path) { return syscall(SYS_chroot, path); }

// Namespaces and processes.
inline long setns(int fd, int types) { return syscall(SYS_setns, fd, types); }
inline long unshare(unsigned long types) { return syscall(SYS_unshare, types); }
// fork-like: the child goes on with a copy of the stack.
inline long clone(unsigned long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }
inline long sethostname(const char* name, unsigned long size) { return syscall(SYS_sethostname, name, size); }
inline long setpgid(int pid, int group) { return syscall(SYS_setpgid, pid, group); }
inline long setsid() { return syscall(SYS_setsid); }
inline long setdomainname(const char* name, unsigned long size) { return syscall(SYS_setdomainname, name, size); }
inline long getpid() { return syscall(SYS_getpid); }
inline long getuid() { return syscall(SYS_getuid); }
inline long execve(const char* path, char* const* arguments, char* const* environment) {
  return syscall(SYS_execve, path, arguments, environment);
}
inline long execveat(int directory, const char* path, char* const* arguments, char* const* environment, int flags) {
  return syscall(SYS_execveat, directory, path, arguments, environment, flags);
}
inline long wait4(int pid, int* status, int options) { return syscall(SYS_wait4, pid, status, options, 0); }
inline long waitid(int type, int id, siginfo_t* info, int options) { return syscall(SYS_waitid, type, id, info, options, 0); }
inline long pidfd_open(int pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
inline long pidfd_getfd(int pidfd, int fd) { return syscall(SYS_pidfd_getfd, pidfd, fd, 0); }
inline long pidfd_send_signal(int pidfd, int signal) { return syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0); }
inline long kill(int pid, int signal) { return syscall(SYS_kill, pid, signal); }
inline long prctl(int option, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0, unsigned long d = 0) {
  return syscall(SYS_prctl, option, a, b, c, d);
}
inline long prlimit(int pid, int resource, const rlimit64* value, rlimit64* old = nullptr) {
  return syscall(SYS_prlimit64, pid, resource, value, old);
}
// A seccomp filter may refuse even that: then an illegal instruction ends the process.
[[noreturn]] inline void exit_group(int status) {
  syscall(SYS_exit_group, status);
  syscall(SYS_exit, status);
  __builtin_trap();
}
inline long personality(unsigned long domain) { return syscall(SYS_personality, domain); }

// Scheduling. The first version of the kernel's struct sched_attr, which every kernel takes; not every libc has it.
struct SchedulerAttributes {
  unsigned size = sizeof(SchedulerAttributes);
  unsigned policy = 0;  // SCHED_*
  unsigned long flags = 0;
  int nice = 0;
  unsigned priority = 0;
  unsigned long runtime = 0, deadline = 0, period = 0;  // nanoseconds
};
static_assert(sizeof(SchedulerAttributes) == 48);
inline long sched_setattr(int pid, const SchedulerAttributes* attributes) {
  return syscall(SYS_sched_setattr, pid, attributes, 0);
}
// `mask`: bit n is CPU n; bytes.
inline long sched_setaffinity(int pid, unsigned long size, const unsigned long* mask) {
  return syscall(SYS_sched_setaffinity, pid, size, mask);
}
// `nodes`: bit n is node n; `count`: of its bits, and one more.
inline long set_mempolicy(unsigned long mode, const void* nodes, unsigned long count) {
  return syscall(SYS_set_mempolicy, mode, nodes, count);
}
// IOPRIO_WHO_PROCESS
inline long ioprio_set(int pid, int priority) { return syscall(SYS_ioprio_set, 1, pid, priority); }
inline long seccomp(unsigned operation, unsigned long flags, const void* arguments) {
  return syscall(SYS_seccomp, operation, flags, arguments);
}

// Credentials.
inline long capget(__user_cap_header_struct* header, __user_cap_data_struct* data) { return syscall(SYS_capget, header, data); }
inline long capset(__user_cap_header_struct* header, const __user_cap_data_struct* data) {
  return syscall(SYS_capset, header, data);
}
inline long setgroups(unsigned long count, const unsigned* groups) { return syscall(SYS_setgroups, count, groups); }
inline long setresgid(unsigned real, unsigned effective, unsigned saved) {
  return syscall(SYS_setresgid, real, effective, saved);
}
inline long setresuid(unsigned real, unsigned effective, unsigned saved) {
  return syscall(SYS_setresuid, real, effective, saved);
}

// Keyrings (keyctl(2)). The session keyring of this name, its serial number.
inline long keyctl_join_session_keyring(const char* name) { return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name); }
inline long keyctl_describe(long key, char* text, unsigned long size) {
  return syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text, size);
}
inline long keyctl_setperm(long key, unsigned permissions) { return syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions); }

// Signals and waiting. The kernel's signal set is one 64-bit word; bit n-1 is signal n.
inline long rt_sigprocmask(int how, const unsigned long* set, unsigned long* old = nullptr) {
  return syscall(SYS_rt_sigprocmask, how, set, old, sizeof *set);
}
// The kernel's struct sigaction, which is not libc's.
struct SignalAction {
  void* handler = nullptr;  // SIG_DFL
  unsigned long flags = 0;
  void* restorer = nullptr;
  unsigned long mask = 0;
};
inline long rt_sigaction(int signal, const SignalAction* action, SignalAction* old = nullptr) {
  return syscall(SYS_rt_sigaction, signal, action, old, sizeof(unsigned long));
}
inline long signalfd4(int fd, const unsigned long* set, int flags) {
  return syscall(SYS_signalfd4, fd, set, sizeof *set, flags);
}
// No time-out for a negative number of milliseconds.
inline long poll(pollfd* descriptors, unsigned count, long milliseconds) {
  const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000};
  return syscall(SYS_ppoll, descriptors, count, milliseconds < 0 ? nullptr : &limit, 0, 0);
}
inline long clock_gettime(int clock, timespec* time) { return syscall(SYS_clock_gettime, clock, time); }
inline long nanosleep(long nanoseconds) {
  const timespec duration{nanoseconds / 1000000000, nanoseconds % 1000000000};
  return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &duration, 0);
}

// Sockets.
inline long socketpair(int family, int type, int protocol, int* ends) {
  return syscall(SYS_socketpair, family, type, protocol, ends);
}
inline long socket(int family, int type, int protocol) { return syscall(SYS_socket, family, type, protocol); }
inline long connect(int fd, const sockaddr* address, unsigned size) { return syscall(SYS_connect, fd, address, size); }
inline long sendmsg(int fd, const msghdr* message, int flags) { return syscall(SYS_sendmsg, fd, message, flags); }
inline long recvmsg(int fd, msghdr* message, int flags) { return syscall(SYS_recvmsg, fd, message, flags); }

}  // namespace crumb::kernel
