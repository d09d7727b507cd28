#include "engine/wall_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>
#include <iterator>
#include <tuple>

#include "engine/signals.h"

namespace crumb::engine {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // whose reports read files, and which looks for leaks with ptrace
#else
constexpr bool kSanitized = false;
#endif

enum class Need : std::uint8_t { nothing, reading, writing, threads, sockets, new_sockets, sanitizer, never };

// What an argument must be for the call to be made; else it ends with the rule's `otherwise`.
enum class Check : std::uint8_t {
  none,
  no_code,       // memory's protection: not executable
  no_writing,    // open's flags, unless files may be written
  no_path,       // null: the call is about a descriptor, unless files may be written
  null,          //
  own_process,   //
  wake_signal,   //
  other_signal,  // not the one that says that a call was stopped
  thread,        // clone's flags
  fcntl,         // a command that is used
  ioctl,         //
};

struct Rule {
  int call;
  Need need = Need::nothing;
  std::uint32_t otherwise = kWallStops;  // the verdict where `need` is not given, or the argument is not right
  Check check = Check::none;
  std::uint8_t argument = 0;
};

constexpr std::uint32_t fails(std::uint32_t error) { return SECCOMP_RET_ERRNO | error; }

// What a guest can bring about by a descriptor of an unusual kind, such as a directory as its stdin, fails; it ends nothing.
constexpr Rule kRules[] = {
    // Native code: execveat, and memory that is executable.
    {SYS_execve, Need::never, kWallKills},
    {SYS_execveat, Need::never, kWallKills},
    {SYS_mmap, Need::nothing, kWallKills, Check::no_code, 2},
    {SYS_mprotect, Need::nothing, kWallKills, Check::no_code, 2},
    {SYS_pkey_mprotect, Need::never, kWallKills},

    // Memory, time, waiting, signals, the end.
    {SYS_brk},
    {SYS_madvise},
    {SYS_mremap},
    {SYS_munmap},
    {SYS_clock_getres},
    {SYS_clock_gettime},
    {SYS_clock_nanosleep},
    {SYS_gettimeofday},
    {SYS_nanosleep},
    {SYS_futex},
    {SYS_ppoll},
    {SYS_restart_syscall},  // a wait that SIGSTOP and SIGCONT have interrupted
    {SYS_rt_sigprocmask},
    {SYS_rt_sigreturn},
    {SYS_sched_yield},
    {SYS_tgkill, Need::nothing, kWallStops, Check::own_process, 0},
    {SYS_exit},
    {SYS_exit_group},

    // Facts that C libraries ask for.
    {SYS_getpid},
    {SYS_getrandom},
    {SYS_gettid},
    {SYS_prctl, Need::sanitizer, fails(EINVAL)},  // glibc names its memory, with a tunable
    {SYS_prlimit64, Need::nothing, kWallStops, Check::null, 2},
    {SYS_sysinfo},
    {SYS_uname},

    // Descriptors.
    {SYS_close},
    {SYS_fadvise64},
    {SYS_fallocate},
    {SYS_fcntl, Need::nothing, fails(EINVAL), Check::fcntl, 1},
    {SYS_fdatasync},
    {SYS_fstat},
    {SYS_fstatfs},
    {SYS_fsync},
    {SYS_ftruncate},
    {SYS_getdents64},
    {SYS_ioctl, Need::nothing, fails(ENOTTY), Check::ioctl, 1},
    {SYS_lseek},
    {SYS_pread64},
    {SYS_preadv},
    {SYS_pwrite64},
    {SYS_pwritev},
    {SYS_read},
    {SYS_readv},
    {SYS_utimensat, Need::nothing, kWallRefuses, Check::no_path, 1},
    {SYS_write},
    {SYS_writev},

    // Files by their names.
    {SYS_faccessat, Need::reading, kWallRefuses},
    {SYS_faccessat2, Need::reading, kWallRefuses},
    {SYS_getcwd, Need::reading, kWallRefuses},
    {SYS_newfstatat},  // also of a descriptor, with an empty name
    {SYS_openat, Need::reading, kWallRefuses, Check::no_writing, 2},
    {SYS_readlinkat, Need::reading, kWallRefuses},
    {SYS_statx, Need::reading, kWallRefuses},
    {SYS_linkat, Need::writing, kWallRefuses},
    {SYS_mkdirat, Need::writing, kWallRefuses},
    {SYS_renameat2, Need::writing, kWallRefuses},
    {SYS_symlinkat, Need::writing, kWallRefuses},
    {SYS_unlinkat, Need::writing, kWallRefuses},

    // Threads. clone3 keeps its flags in memory, where they cannot be looked at; glibc then calls clone.
    {SYS_clone, Need::threads, kWallStops, Check::thread, 0},
    {SYS_clone3, Need::never, fails(ENOSYS)},
    {SYS_rseq, Need::threads},
    {SYS_rt_sigaction, Need::threads, kWallStops, Check::other_signal, 0},
    {SYS_sched_getaffinity, Need::threads},
    {SYS_set_robust_list, Need::threads},
#if !defined(__GLIBC__)
    {SYS_tkill, Need::threads, kWallStops, Check::wake_signal, 1},
#endif

    // Sockets.
    {SYS_accept, Need::sockets, kWallRefuses},
    {SYS_accept4, Need::sockets, kWallRefuses},
    {SYS_getpeername, Need::sockets, kWallRefuses},
    {SYS_getsockname, Need::sockets, kWallRefuses},
    {SYS_getsockopt, Need::sockets, kWallRefuses},
    {SYS_listen, Need::sockets, kWallRefuses},
    {SYS_recvfrom, Need::sockets, kWallRefuses},
    {SYS_recvmsg, Need::sockets, kWallRefuses},
    {SYS_sendmsg, Need::sockets, kWallRefuses},
    {SYS_sendto, Need::sockets, kWallRefuses},
    {SYS_setsockopt, Need::sockets, kWallRefuses},
    {SYS_shutdown, Need::sockets, kWallRefuses},
    {SYS_bind, Need::new_sockets, kWallRefuses},
    {SYS_connect, Need::new_sockets, kWallRefuses},
    {SYS_sendmmsg, Need::new_sockets, kWallRefuses},
    {SYS_socket, Need::new_sockets},

#if defined(__x86_64__)  // older forms of calls above
    {SYS_open, Need::reading, kWallRefuses, Check::no_writing, 1},
    {SYS_access, Need::reading, kWallRefuses},
    {SYS_stat, Need::reading, kWallRefuses},
    {SYS_lstat, Need::reading, kWallRefuses},
    {SYS_readlink, Need::reading, kWallRefuses},
    {SYS_poll},
    {SYS_time},
    {SYS_link, Need::writing, kWallRefuses},
    {SYS_mkdir, Need::writing, kWallRefuses},
    {SYS_rename, Need::writing, kWallRefuses},
    {SYS_renameat, Need::writing, kWallRefuses},
    {SYS_rmdir, Need::writing, kWallRefuses},
    {SYS_symlink, Need::writing, kWallRefuses},
    {SYS_unlink, Need::writing, kWallRefuses},
    {SYS_getrlimit},
    {SYS_pipe, Need::sanitizer},
#elif defined(SYS_renameat)
    {SYS_renameat, Need::writing, kWallRefuses},
#endif

    {SYS_getppid, Need::sanitizer},
    {SYS_mincore, Need::sanitizer},
    {SYS_pipe2, Need::sanitizer},
    {SYS_ptrace, Need::sanitizer},
    {SYS_sigaltstack, Need::sanitizer},
    {SYS_wait4, Need::sanitizer},
};

constexpr auto sorted_rules() {
  std::array<Rule, std::size(kRules)> rules = {};
  std::copy(std::begin(kRules), std::end(kRules), rules.begin());
  std::sort(rules.begin(), rules.end(), [](const Rule& one, const Rule& other) { return one.call < other.call; });
  return rules;
}
constexpr auto kSorted = sorted_rules();
static_assert(std::adjacent_find(kSorted.begin(), kSorted.end(),
                                 [](const Rule& one, const Rule& other) { return one.call == other.call; }) == kSorted.end());

bool is_given(Need need, const WallPolicy& policy) {
  switch (need) {
    case Need::nothing:
      return true;
    case Need::reading:
      return policy.reads_files || kSanitized;
    case Need::writing:
      return policy.writes_files;
    case Need::threads:
      return policy.threads || kSanitized;
    case Need::sockets:
      return policy.sockets;
    case Need::new_sockets:
      return policy.new_sockets;
    case Need::sanitizer:
      return kSanitized;
    case Need::never:
      break;
  }
  return false;
}

// The calls from `first` up to the next range's are decided alike.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t verdict = kWallStops;  // without a check
  const Rule* rule = nullptr;          // whose argument is checked
};

Range range_of(const Rule& rule, const WallPolicy& policy) {
  Range range = {static_cast<std::uint32_t>(rule.call)};
  const bool for_readers = rule.check == Check::no_writing || rule.check == Check::no_path;
  const bool checked =
      rule.check != Check::none && !(for_readers && policy.writes_files) && !(rule.check == Check::thread && kSanitized);
  if (!is_given(rule.need, policy)) {
    range.verdict = rule.otherwise;
  } else if (checked) {
    range.rule = &rule;
  } else {
    range.verdict = kWallAllows;
  }
  return range;
}

struct Ranges {
  std::array<Range, 2 * kSorted.size() + 1> list;
  std::size_t size = 0;

  void add(const Range& range) {
    const Range* const last = size > 0 ? &list[size - 1] : nullptr;
    const bool same = last != nullptr && last->rule == nullptr && range.rule == nullptr && last->verdict == range.verdict;
    if (!same) list[size++] = range;
  }
};

Ranges ranges_of(const WallPolicy& policy) {
  Ranges ranges;
  std::uint32_t next = 0;
  for (const Rule& rule : kSorted) {
    const Range range = range_of(rule, policy);
    if (range.first > next) ranges.add({next});
    ranges.add(range);
    next = range.first + 1;
  }
  ranges.add({next});
  return ranges;
}

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS, kReturn = BPF_RET | BPF_K, kEqual = BPF_JMP | BPF_JEQ | BPF_K,
                        kAny = BPF_JMP | BPF_JSET | BPF_K, kAtLeast = BPF_JMP | BPF_JGE | BPF_K;

// Where a comparison goes on: with a verdict, with the next instruction, or with one that is not there yet.
struct Target {
  enum class Kind : std::uint8_t { verdict, next, later } kind = Kind::next;
  std::uint32_t verdict = 0;
};
constexpr Target kNext = {};
constexpr Target kLater = {Target::Kind::later};
constexpr Target decided(std::uint32_t verdict) { return {Target::Kind::verdict, verdict}; }
constexpr Target kAllowed = decided(kWallAllows);

// A program under construction. Verdicts come last, one instruction for each that is used.
class Assembler {
 public:
  void load(std::size_t offset) { add(kLoad, static_cast<std::uint32_t>(offset)); }

  // Its position, for come_here().
  std::size_t compare(std::uint16_t how, std::uint32_t value, Target if_true, Target if_false) {
    note(if_true, true);
    note(if_false, false);
    add(how, value);
    return filter_.size - 1;
  }

  // The comparison at this position goes on at the next instruction if true.
  void come_here(std::size_t position) { jump(position, true, filter_.size); }

  WallFilter finish() {
    for (std::size_t index = 0; index < pending_count_; ++index) {
      if (pending_[index].done) continue;
      const std::uint32_t verdict = pending_[index].verdict;
      for (std::size_t other = index; other < pending_count_; ++other) {
        Pending& jump_there = pending_[other];
        if (jump_there.verdict != verdict) continue;
        jump(jump_there.position, jump_there.if_true, filter_.size);
        jump_there.done = true;
      }
      add(kReturn, verdict);
    }
    return filter_;
  }

 private:
  struct Pending {
    std::uint32_t verdict;
    std::uint16_t position;
    bool if_true, done;
  };

  void add(std::uint16_t operation, std::uint32_t value) {
    filter_.code[filter_.size].code = operation;
    filter_.code[filter_.size++].k = value;
  }
  void note(Target target, bool if_true) {
    if (target.kind == Target::Kind::verdict)
      pending_[pending_count_++] = {target.verdict, static_cast<std::uint16_t>(filter_.size), if_true, false};
  }
  void jump(std::size_t position, bool if_true, std::size_t destination) {
    const auto distance = static_cast<std::uint8_t>(destination - position - 1);
    (if_true ? filter_.code[position].jt : filter_.code[position].jf) = distance;
  }

  WallFilter filter_ = {};
  std::array<Pending, 2 * std::tuple_size_v<decltype(WallFilter::code)>> pending_;
  std::size_t pending_count_ = 0;
};

// Both architectures are little-endian.
void load_argument(Assembler& program, const Rule& rule, bool high_half = false) {
  program.load(offsetof(seccomp_data, args) + rule.argument * sizeof(std::uint64_t) + (high_half ? sizeof(std::uint32_t) : 0));
}

void one_of(Assembler& program, const Rule& rule, std::initializer_list<std::uint32_t> values) {
  std::size_t left = values.size();
  for (const std::uint32_t value : values)
    program.compare(kEqual, value, kAllowed, --left > 0 ? kNext : decided(rule.otherwise));
}

void none_of(Assembler& program, const Rule& rule, std::uint32_t bits) {
  program.compare(kAny, bits, decided(rule.otherwise), kAllowed);
}

void only_null(Assembler& program, const Rule& rule) {
  program.compare(kEqual, 0, kNext, decided(rule.otherwise));
  load_argument(program, rule, true);
  program.compare(kEqual, 0, kAllowed, decided(rule.otherwise));
}

void only_threads(Assembler& program, const Rule& rule) {
  constexpr std::uint32_t kDetached = 0x00400000;  // without a meaning since Linux 2.6.2, musl gives it
  constexpr std::uint32_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | kDetached;
  program.compare(kAny, ~kThread, decided(rule.otherwise), kNext);
  program.compare(kAny, CLONE_THREAD, kAllowed, decided(rule.otherwise));
}

void check_argument(Assembler& program, const Rule& rule, std::uint32_t process) {
  load_argument(program, rule);
  switch (rule.check) {
    case Check::no_code:
      return none_of(program, rule, PROT_EXEC);
    case Check::no_writing:
      return none_of(program, rule, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
    case Check::no_path:
    case Check::null:
      return only_null(program, rule);
    case Check::own_process:
      return one_of(program, rule, {process});
    case Check::wake_signal:
      return one_of(program, rule, {static_cast<std::uint32_t>(kWakeSignal)});
    case Check::other_signal:
      program.compare(kEqual, SIGSYS, decided(rule.otherwise), kAllowed);
      return;
    case Check::thread:
      return only_threads(program, rule);
    case Check::fcntl:
      return one_of(program, rule, {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC});
    case Check::ioctl:
      return one_of(program, rule, {FIONREAD, TCGETS, TIOCGWINSZ});
    case Check::none:
      break;
  }
}

// A few single numbers in a range that is stopped, which are compared one after another.
bool is_chain(const Range* begin, const Range* end) {
  constexpr std::ptrdiff_t kLongest = 7;
  if (end - begin > kLongest || end - begin < 2) return false;
  for (const Range* range = begin; range < end; ++range) {
    const bool is_outside = (range - begin) % 2 == 0;
    if (is_outside && (range->rule != nullptr || range->verdict != kWallStops)) return false;
    if (!is_outside && range + 1 < end && range[1].first != range->first + 1) return false;
  }
  return true;
}

void compare_one_after_another(Assembler& program, const Range* begin, const Range* end, std::uint32_t process) {
  struct {
    const Range* range;
    std::size_t position;
  } checked[3];
  std::size_t count = 0;
  for (const Range* range = begin + 1; range < end; range += 2) {
    const bool is_last = end - range <= 2;
    const std::size_t position =
        program.compare(range + 1 < end ? kEqual : kAtLeast, range->first,
                        range->rule != nullptr ? kLater : decided(range->verdict), is_last ? decided(kWallStops) : kNext);
    if (range->rule != nullptr) checked[count++] = {range, position};
  }
  for (std::size_t index = 0; index < count; ++index) {
    program.come_here(checked[index].position);
    check_argument(program, *checked[index].range->rule, process);
  }
}

Target target_of(const Range* begin, const Range* end, Target otherwise) {
  return end - begin == 1 && begin->rule == nullptr ? decided(begin->verdict) : otherwise;
}

// Which of the ranges the number lies in, and what follows from that.
void search(Assembler& program, const Range* begin, const Range* end, std::uint32_t process) {
  if (end - begin == 1) {
    if (begin->rule != nullptr) check_argument(program, *begin->rule, process);
    return;
  }
  if (is_chain(begin, end)) return compare_one_after_another(program, begin, end, process);
  const Range* middle = begin + (end - begin) / 2;
  const bool begins_chain = middle->rule == nullptr && middle->verdict == kWallStops;
  if (!begins_chain && middle + 1 < end) ++middle;
  const std::size_t position =
      program.compare(kAtLeast, middle->first, target_of(middle, end, kLater), target_of(begin, middle, kNext));
  search(program, begin, middle, process);
  if (target_of(middle, end, kLater).kind == Target::Kind::later) program.come_here(position);
  search(program, middle, end, process);
}

}  // namespace

WallFilter wall_filter(const WallPolicy& policy, std::uint32_t process) {
  const Ranges ranges = ranges_of(policy);
  Assembler program;
  program.load(offsetof(seccomp_data, arch));
  program.compare(kEqual, kArchitecture, kNext, decided(kWallKills));
  program.load(offsetof(seccomp_data, nr));
  search(program, ranges.list.data(), ranges.list.data() + ranges.size, process);
  return program.finish();
}

}  // namespace crumb::engine
