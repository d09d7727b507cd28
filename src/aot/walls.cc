#include "aot/walls.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>

#include "aot/leave.h"
#include "aot/stack_usage.h"

namespace crumb::aot {
namespace {

constexpr uid_t kNobody = 65534;

void write_file(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)!::write(file, text, std::strlen(text));
  ::close(file);
}

// The only id of a user namespace that this process has made.
void map_own_id(uid_t user, gid_t group) {
  char line[64];
  write_file("/proc/self/setgroups", "deny");
  std::snprintf(line, sizeof line, "%u %u 1", kNobody, user);
  write_file("/proc/self/uid_map", line);
  std::snprintf(line, sizeof line, "%u %u 1", kNobody, group);
  write_file("/proc/self/gid_map", line);
}

bool make_namespaces() {
  constexpr int kKinds = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (::unshare(kKinds) == 0) return true;
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | kKinds) != 0) return false;
  map_own_id(user, group);
  return true;
}

// All that is needed of files is loaded or open.
void empty_root() {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  for (const char* const place : {"/proc", "/tmp", "/usr"}) {
    if (::mount("none", place, "tmpfs", kFlags, "size=4k,nr_inodes=2,mode=0") != 0) continue;
    if (::chdir(place) != 0) continue;
    if (::syscall(SYS_pivot_root, ".", ".") == 0)
      ::umount2(".", MNT_DETACH);
    else
      (void)!::chroot(".");  // the root of an initramfs cannot be moved
    break;
  }
  (void)!::chdir("/");
}

// An id that nothing else has: above what distributions and systemd give out. Where the user namespace at hand does not know
// it, the user of nothing.
void become_nobody() {
  constexpr uid_t kFirst = 2'000'000'000;
  if (::geteuid() != 0) return;
  ::setgroups(0, nullptr);
  const uid_t own = kFirst + static_cast<uid_t>(::getpid());
  for (const uid_t id : {own, kNobody})
    if (::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0) return;
}

void drop_bounding_set() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) continue;
}

void drop_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  ::syscall(SYS_capset, &header, none);
}

// What compiling needs none of. RLIMIT_FSIZE: the code of the largest module that crumb takes is far smaller.
void limit_resources() {
  constexpr rlim_t kLargestCode = 1UL << 30;  // bytes
  const auto set = [](__rlimit_resource resource, rlim_t value) {
    const struct rlimit limit = {value, value};
    ::setrlimit(resource, &limit);
  };
  for (const auto resource : {RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_RTPRIO}) set(resource, 0);
  set(RLIMIT_FSIZE, kLargestCode);
}

// ---- system calls

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// With every argument.
constexpr int kAllowed[] = {
    SCMP_SYS(brk),         SCMP_SYS(munmap),        SCMP_SYS(mremap),          SCMP_SYS(madvise),      SCMP_SYS(futex),
    SCMP_SYS(exit),        SCMP_SYS(exit_group),    SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),    SCMP_SYS(time),         SCMP_SYS(times),
    SCMP_SYS(getrusage),   SCMP_SYS(sched_yield),   SCMP_SYS(restart_syscall), SCMP_SYS(getpid),       SCMP_SYS(gettid),
    SCMP_SYS(getrandom),   SCMP_SYS(close),         SCMP_SYS(lseek),
};

// What libraries ask by the way: they can do without an answer.
constexpr int kRefused[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(statx),
    SCMP_SYS(newfstatat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(ioctl),
    SCMP_SYS(fcntl),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(prlimit64),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

bool add_rules(void* filter, std::initializer_list<int> outputs, int input) {
  bool good = true;
  const auto allow = [&](int call, auto... conditions) {
    good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...) == 0;
  };
  for (const int call : kAllowed) allow(call);
  for (const int call : kRefused) good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call, 0) == 0;
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) allow(call, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  for (const int file : outputs) allow(SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(file)));
  allow(SCMP_SYS(read), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(input)));
  allow(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));  // abort
  return good;
}

}  // namespace

void leave_machine() {
  if (make_namespaces()) empty_root();
  drop_bounding_set();
  become_nobody();
  drop_capabilities();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) be_unable("no_new_privs cannot be set");
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void close_calls(int output) {
  limit_resources();
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), seccomp_release);
  const std::initializer_list<int> outputs = {STDOUT_FILENO, STDERR_FILENO, output, messages(), stack_usage_writer()};
  if (!filter || !add_rules(filter.get(), outputs, stack_usage_reader()))
    be_unable("the filter of system calls cannot be made");
  if (const int error = seccomp_load(filter.get()); error != 0)
    be_unable(std::string("the filter of system calls cannot be installed: ") + std::strerror(-error));
}

}  // namespace crumb::aot
