// See seam.h. Freestanding: crumb-init has it too.
#include "kernel/seam.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "kernel/syscall.h"

namespace crumb::kernel {
namespace {

struct Word {
  const char* name;
  long number;
};

constexpr Word kCalls[] = {
#define CRUMB_CALL(name) {#name, SYS_##name}
    CRUMB_CALL(openat),
    CRUMB_CALL(openat2),
    CRUMB_CALL(close),
    CRUMB_CALL(close_range),
    CRUMB_CALL(read),
    CRUMB_CALL(pread64),
    CRUMB_CALL(write),
    CRUMB_CALL(lseek),
    CRUMB_CALL(fcntl),
    CRUMB_CALL(dup3),
    CRUMB_CALL(flock),
    CRUMB_CALL(fstat),
    CRUMB_CALL(newfstatat),
    CRUMB_CALL(statx),
    CRUMB_CALL(fstatfs),
    CRUMB_CALL(faccessat2),
    CRUMB_CALL(readlinkat),
    CRUMB_CALL(getdents64),
    CRUMB_CALL(mkdirat),
    CRUMB_CALL(mknodat),
    CRUMB_CALL(symlinkat),
    CRUMB_CALL(unlinkat),
    CRUMB_CALL(linkat),
    CRUMB_CALL(renameat2),
    CRUMB_CALL(pwrite64),
    CRUMB_CALL(fsync),
    CRUMB_CALL(fchmod),
    CRUMB_CALL(fchmodat),
    CRUMB_CALL(fchownat),
    CRUMB_CALL(fsetxattr),
    CRUMB_CALL(umask),
    CRUMB_CALL(chdir),
    CRUMB_CALL(fchdir),
    CRUMB_CALL(getcwd),
    CRUMB_CALL(memfd_create),
    CRUMB_CALL(pipe2),
    CRUMB_CALL(inotify_init1),
    CRUMB_CALL(inotify_add_watch),
    CRUMB_CALL(eventfd2),
    CRUMB_CALL(bpf),
    CRUMB_CALL(mmap),
    CRUMB_CALL(open_tree),
    CRUMB_CALL(move_mount),
    CRUMB_CALL(mount_setattr),
    CRUMB_CALL(fsopen),
    CRUMB_CALL(fsconfig),
    CRUMB_CALL(fspick),
    CRUMB_CALL(fsmount),
    CRUMB_CALL(mount),
    CRUMB_CALL(umount2),
    CRUMB_CALL(pivot_root),
    CRUMB_CALL(chroot),
    CRUMB_CALL(setns),
    CRUMB_CALL(unshare),
    CRUMB_CALL(clone),
    CRUMB_CALL(clone3),
    CRUMB_CALL(sethostname),
    CRUMB_CALL(personality),
    CRUMB_CALL(seccomp),
    CRUMB_CALL(setdomainname),
    CRUMB_CALL(keyctl),
    CRUMB_CALL(getpid),
    CRUMB_CALL(getuid),
    CRUMB_CALL(execve),
    CRUMB_CALL(execveat),
    CRUMB_CALL(wait4),
    CRUMB_CALL(waitid),
    CRUMB_CALL(pidfd_open),
    CRUMB_CALL(pidfd_send_signal),
    CRUMB_CALL(kill),
    CRUMB_CALL(prctl),
    CRUMB_CALL(prlimit64),
    CRUMB_CALL(capget),
    CRUMB_CALL(capset),
    CRUMB_CALL(setgroups),
    CRUMB_CALL(setresgid),
    CRUMB_CALL(setresuid),
    CRUMB_CALL(rt_sigprocmask),
    CRUMB_CALL(rt_sigaction),
    CRUMB_CALL(signalfd4),
    CRUMB_CALL(ppoll),
    CRUMB_CALL(clock_nanosleep),
    CRUMB_CALL(socketpair),
    CRUMB_CALL(sendmsg),
    CRUMB_CALL(recvmsg),
#undef CRUMB_CALL
};

constexpr Word kErrors[] = {
#define CRUMB_ERROR(name) {#name, name}
    CRUMB_ERROR(EPERM),     CRUMB_ERROR(ENOENT),       CRUMB_ERROR(ESRCH),   CRUMB_ERROR(EINTR),      CRUMB_ERROR(EIO),
    CRUMB_ERROR(ENOEXEC),   CRUMB_ERROR(EBADF),        CRUMB_ERROR(ECHILD),  CRUMB_ERROR(EAGAIN),     CRUMB_ERROR(ENOMEM),
    CRUMB_ERROR(EACCES),    CRUMB_ERROR(EBUSY),        CRUMB_ERROR(EEXIST),  CRUMB_ERROR(EXDEV),      CRUMB_ERROR(ENODEV),
    CRUMB_ERROR(ENOTDIR),   CRUMB_ERROR(EISDIR),       CRUMB_ERROR(EINVAL),  CRUMB_ERROR(ENFILE),     CRUMB_ERROR(EMFILE),
    CRUMB_ERROR(ETXTBSY),   CRUMB_ERROR(EFBIG),        CRUMB_ERROR(ENOSPC),  CRUMB_ERROR(EROFS),      CRUMB_ERROR(EMLINK),
    CRUMB_ERROR(EPIPE),     CRUMB_ERROR(ENAMETOOLONG), CRUMB_ERROR(ENOSYS),  CRUMB_ERROR(ENOTEMPTY),  CRUMB_ERROR(ELOOP),
    CRUMB_ERROR(EOVERFLOW), CRUMB_ERROR(EOPNOTSUPP),   CRUMB_ERROR(ENOBUFS), CRUMB_ERROR(ECONNRESET), CRUMB_ERROR(ETIMEDOUT),
    CRUMB_ERROR(ESTALE),    CRUMB_ERROR(EDQUOT),
#undef CRUMB_ERROR
};

struct Rule {
  long number = 0, occurrence = 0, error = 0;  // occurrence 0: every one
  long seen = 0;
};

constexpr int kMostRules = 16;
Rule rules[kMostRules];
int rule_count = 0;
long kill_at = 0, calls = 0;
int count_fd = -1;

[[noreturn]] void refuse() {
  constexpr char kText[] = "the system-call seam: a rule that it does not know\n";
  raw_syscall(SYS_write, 2, reinterpret_cast<long>(kText), sizeof kText - 1, 0, 0, 0);
  constexpr long kStatus = 99;
  for (;;) raw_syscall(SYS_exit_group, kStatus, 0, 0, 0, 0, 0);
}

// The word at `at` up to one of the characters that end one; `at` moves past it.
template <size_t Count>
long look_up(const Word (&words)[Count], const char*& at) {
  for (const Word& word : words) {
    size_t size = 0;
    while (word.name[size] != 0 && word.name[size] == at[size]) ++size;
    const char end = at[size];
    if (word.name[size] == 0 && (end == 0 || end == ',' || end == '=' || end == '#')) {
      at += size;
      return word.number;
    }
  }
  refuse();
}

long number(const char*& at) {
  if (*at < '0' || *at > '9') refuse();
  long value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) value = value * 10 + (*at - '0');
  return value;
}

bool skip(const char*& at, const char* prefix) {
  const char* next = at;
  while (*prefix != 0 && *next == *prefix) ++next, ++prefix;
  if (*prefix != 0) return false;
  at = next;
  return true;
}

void read_rule(const char*& at) {
  if (skip(at, "kill@")) {
    kill_at = number(at);
    return;
  }
  if (skip(at, "count=")) {
    count_fd = static_cast<int>(number(at));
    return;
  }
  if (rule_count == kMostRules) refuse();
  Rule& rule = rules[rule_count++];
  rule.number = look_up(kCalls, at);
  if (skip(at, "#") && (rule.occurrence = number(at)) == 0) refuse();
  if (!skip(at, "=")) refuse();
  rule.error = look_up(kErrors, at);
}

void write_count() {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = '\n';
  for (long left = calls; at > 0; left /= 10) {
    digits[--at] = static_cast<char>('0' + left % 10);
    if (left < 10) break;
  }
  raw_syscall(SYS_write, count_fd, reinterpret_cast<long>(digits + at), static_cast<long>(sizeof digits - at), 0, 0, 0);
}

// The first process of a pid namespace does not die of a SIGKILL from within: it dies of what the kernel forces upon it.
[[noreturn]] void kill_myself() {
  raw_syscall(SYS_kill, raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
  __builtin_trap();
}

}  // namespace

void seam_start(const char* text) {
  calls = 0;  // of a forked test, those before the fork
  while (text != nullptr && *text != 0) {
    read_rule(text);
    if (*text != 0 && !skip(text, ",")) refuse();
  }
}

long seam_check(long number) {
  ++calls;
  if (calls == kill_at) kill_myself();
  if (count_fd >= 0 && (number == SYS_exit_group || number == SYS_execveat || number == SYS_execve)) write_count();
  for (int i = 0; i < rule_count; ++i) {
    Rule& rule = rules[i];
    if (rule.number != number) continue;
    ++rule.seen;
    if (rule.occurrence == 0 || rule.occurrence == rule.seen) return -rule.error;
  }
  return 0;
}

long seam_syscall(long number, long a, long b, long c, long d, long e, long f) {
  const long error = seam_check(number);
  return error < 0 ? error : raw_syscall(number, a, b, c, d, e, f);
}

}  // namespace crumb::kernel
