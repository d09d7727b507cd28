#include "linux/process.h"

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "kernel/namespaces.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

// The fields of /proc/PID/stat after the program's name, which may hold blanks and parentheses: the first one is number 3.
std::vector<std::string_view> fields_after_name(std::string_view stat) {
  std::vector<std::string_view> fields;
  std::size_t at = stat.rfind(')');
  while (at != std::string_view::npos && at + 1 < stat.size()) {
    const std::size_t begin = stat.find_first_not_of(" \n)", at);
    if (begin == std::string_view::npos) break;
    at = stat.find_first_of(" \n", begin);
    fields.push_back(stat.substr(begin, at - begin));
  }
  return fields;
}

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Reaps all children that have ended; the status of `pid` if it was among them.
std::optional<int> reap_ended(int pid) {
  std::optional<int> code;
  int status = 0;
  for (long child = 0; (child = kernel::wait4(-1, &status, WNOHANG)) > 0;)
    if (child == pid) code = exit_code(status);
  return code;
}

}  // namespace

std::optional<std::uint64_t> start_time(int pid) {
  std::string stat;
  try {
    stat = read_file(fmt::format("/proc/{}/stat", pid));
  } catch (const Error&) {
    return std::nullopt;  // gone
  }
  constexpr std::size_t kState = 0, kStart = 22 - 3;
  const std::vector<std::string_view> fields = fields_after_name(stat);
  if (fields.size() <= kStart || fields[kState] == "Z" || fields[kState] == "X") return std::nullopt;
  std::uint64_t ticks = 0;
  std::from_chars(fields[kStart].data(), fields[kStart].data() + fields[kStart].size(), ticks);
  return ticks;
}

std::optional<Process> Process::find(int pid, std::uint64_t start) {
  if (pid <= 0) return std::nullopt;
  Fd pidfd(kernel::pidfd_open(pid, 0));
  // The order matters: what has this start time now is what the descriptor holds.
  if (!pidfd || start_time(pid) != start) return std::nullopt;
  return Process(pid, std::move(pidfd));
}

bool Process::send_signal(int signal) const {
  const long result = kernel::pidfd_send_signal(pidfd_.get(), signal);
  if (result == -ESRCH) return false;
  check(result, "signal {} to process {}", signal, pid_);
  return true;
}

bool Process::wait_end(long milliseconds) const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  long result = 0;
  do result = kernel::poll(&ended, 1, milliseconds);
  while (result == -EINTR);
  return check(result, "wait for process {}", pid_) > 0;
}

int reap(int pid) {
  int status = 0;
  long result = 0;
  do result = kernel::wait4(pid, &status, 0);
  while (result == -EINTR);
  check(result, "wait for process {}", pid);
  return exit_code(status);
}

int reap_forwarding_signals(int pid) {
  const unsigned long everything = ~0UL;
  check(kernel::rt_sigprocmask(SIG_BLOCK, &everything), "block signals");
  const Fd signals(check(kernel::signalfd4(-1, &everything, SFD_CLOEXEC), "signal descriptor"));
  for (;;) {
    if (const std::optional<int> code = reap_ended(pid)) return *code;
    signalfd_siginfo info{};
    const long size = kernel::read(signals.get(), &info, sizeof info);
    if (size == -EINTR) continue;
    check(size, "signal descriptor");
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal != SIGCHLD && signal != SIGURG) kernel::kill(pid, signal);  // not reaped yet: the number is still its own
  }
}

void set_limits(int pid, const std::vector<plan::Rlimit>& limits) {
  for (const plan::Rlimit& limit : limits) {
    const rlimit64 value{limit.soft, limit.hard};
    check(kernel::prlimit(pid, limit.resource, &value), "process.rlimits: {} soft {} hard {}",
          kernel::rlimit_name(limit.resource), limit.soft, limit.hard);
  }
}

void set_oom_score_adj(int pid, int score) {
  const std::string path = fmt::format("/proc/{}/oom_score_adj", pid);
  const Fd file(check(kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC), "process.oomScoreAdj: {}", path));
  const std::string text = std::to_string(score);
  check(kernel::write(file.get(), text.data(), text.size()), "process.oomScoreAdj: {}", score);
}

std::uint64_t foreign_namespaces(int pid) {
  std::uint64_t mask = 0;
  for (const kernel::NamespaceName& name : kernel::kNamespaces) {
    if (name.type == CLONE_NEWUSER) continue;
    struct stat ours{}, theirs{};
    const std::string file = fmt::format("/ns/{}", name.file);
    if (kernel::fstatat(AT_FDCWD, ("/proc/self" + file).c_str(), &ours, 0) < 0) continue;  // the kernel does not have it
    check(kernel::fstatat(AT_FDCWD, fmt::format("/proc/{}{}", pid, file).c_str(), &theirs, 0), "{} namespace of process {}",
          name.word, pid);
    if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) mask |= name.type;
  }
  return mask;
}

namespace {

#ifdef CRUMB_SEAM
const char* seam_rules() { return std::getenv("CRUMB_SEAM_INIT"); }
#else
const char* seam_rules() { return nullptr; }
#endif

struct Launch {
  int program;
  char* const* arguments;
  char* const* environment;
  const std::vector<int>* inherited;
  long error = 0;  // written by the child, in the memory that both share until its exec
};

// Between vfork and exec: nothing but raw system calls, the parent's memory is ours.
[[noreturn]] [[gnu::noinline]] void launch(Launch& launch) {
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
  for (const int fd : *launch.inherited) {
    if (launch.error == 0 && kernel::fcntl(fd, F_SETFD, 0) < 0) launch.error = -EBADF;
  }
  if (launch.error == 0)
    launch.error = kernel::execveat(launch.program, "", launch.arguments, launch.environment, AT_EMPTY_PATH);
  ::_exit(127);
}

}  // namespace

int spawn(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::string rules = fmt::format("CRUMB_SEAM_INIT={}", seam_rules() ? seam_rules() : "");
  std::array<char*, 2> environment{seam_rules() ? rules.data() : nullptr, nullptr};

  Launch request{program, argv.data(), environment.data(), &inherited};
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): exec must come before anything is unshared
  if (child == 0) launch(request);
  check(child < 0 ? -errno : 0, "start {}", arguments.front());
  if (request.error < 0) {
    reap(child);
    check(request.error, "execute {}", arguments.front());
  }
  return child;
}

}  // namespace crumb::linux
