#include "linux/process.h"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <limits>

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

std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Nothing when the process is gone. Only then: whoever takes a running process for a dead one removes what it lives on.
std::optional<std::string> read_stat(int pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened == -ENOENT || opened == -ESRCH) return std::nullopt;
  const Fd file(check(opened, "{}", path));
  char buffer[2048];  // one read gives all of it, some 350 bytes
  const long size = kernel::read(file.get(), buffer, sizeof buffer);
  if (size == -ESRCH) return std::nullopt;
  return std::string(buffer, static_cast<std::size_t>(check(size, "{}", path)));
}

}  // namespace

std::optional<std::uint64_t> start_time(int pid) {
  constexpr std::size_t kFirst = 3, kState = 3 - kFirst, kThreads = 20 - kFirst, kStart = 22 - kFirst;
  const std::optional<std::string> stat = read_stat(pid);
  if (!stat) return std::nullopt;
  const std::vector<std::string_view> fields = fields_after_name(*stat);
  if (fields.size() <= kStart) throw fail("/proc/{}/stat: only {} fields", pid, fields.size());
  // A zombie with other threads is a program whose first thread has left: it runs.
  const bool ended = fields[kState] == "X" || (fields[kState] == "Z" && number(fields[kThreads]) <= 1);
  if (ended) return std::nullopt;
  return number(fields[kStart]);
}

std::optional<Process> Process::find(int pid, std::uint64_t start) {
  if (pid <= 0) return std::nullopt;
  const long opened = kernel::pidfd_open(pid, 0);
  // EINVAL and ENOENT: the number belongs to a thread now.
  if (opened == -ESRCH || opened == -EINVAL || opened == -ENOENT) return std::nullopt;
  Fd pidfd(check(opened, "process {}", pid));
  // The order matters: what has this start time now is what the descriptor holds.
  if (start_time(pid) != start) return std::nullopt;
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

Fd take_descriptor(int pid, std::uint64_t number, const std::string& what) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    throw fail("crumb-init does not keep to the protocol: descriptor {}", number);
  const Fd pidfd(check(kernel::pidfd_open(pid, 0), "{}: process {}", what, pid));
  return Fd(check(kernel::pidfd_getfd(pidfd.get(), static_cast<int>(number)), "{}: descriptor {}", what, number));
}

std::uint64_t foreign_namespaces(int pid) {
  std::uint64_t mask = 0;
  for (const kernel::NamespaceName& name : kernel::kNamespaces) {
    struct stat ours{}, theirs{};
    const std::string file = fmt::format("/ns/{}", name.file);
    if (kernel::fstatat(AT_FDCWD, ("/proc/self" + file).c_str(), &ours, 0) < 0) continue;  // the kernel does not have it
    const long result = kernel::fstatat(AT_FDCWD, fmt::format("/proc/{}{}", pid, file).c_str(), &theirs, 0);
    if (result == -ENOENT || result == -ESRCH) throw fail("{} namespace of process {}: it has ended", name.word, pid);
    check(result, "{} namespace of process {}", name.word, pid);
    if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) mask |= name.type;
  }
  return mask;
}

bool is_own_namespace(const std::string& path, std::uint64_t type) {
  struct stat ours{}, theirs{};
  if (kernel::fstatat(AT_FDCWD, path.c_str(), &theirs, 0) < 0) return false;
  for (const kernel::NamespaceName& name : kernel::kNamespaces)
    if (name.type == type && kernel::fstatat(AT_FDCWD, fmt::format("/proc/self/ns/{}", name.file).c_str(), &ours, 0) >= 0)
      return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
  return false;
}

}  // namespace crumb::linux
