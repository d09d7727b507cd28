#include "engine/wall.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "engine/report.h"
#include "engine/wall_filter.h"

namespace crumb::engine {
namespace {

WallPolicy policy_of(const Options& options) {
  WallPolicy policy;
  policy.new_sockets = options.network == Network::all;
  policy.sockets = options.network != Network::none;
  policy.writes_files =
      std::any_of(options.grants.begin(), options.grants.end(), [](const Grant& grant) { return grant.writable; });
  policy.reads_files = !options.grants.empty() || policy.new_sockets;  // /etc/hosts and the like
  policy.threads = options.threads > 0;
  return policy;
}

char beginning[256];  // of the line below: its handler may not allocate

void say_what_was_stopped(int, siginfo_t* information, void*) {
  char line[sizeof(beginning) + 32] = "";
  std::size_t size = ::strnlen(beginning, sizeof(beginning));
  std::memcpy(line, beginning, size);
  char digits[16];
  std::size_t count = 0;
  for (auto number = static_cast<unsigned>(information->si_syscall); count == 0 || number > 0; number /= 10)
    digits[count++] = static_cast<char>('0' + number % 10);
  while (count > 0) line[size++] = digits[--count];
  line[size++] = '\n';
  (void)!::write(STDERR_FILENO, line, size);
  ::_exit(kStopped);
}

void watch_for_stopped_calls(const Options& options) {
  const std::string text = note_line(options, "stopped: the guest's policy does not allow its engine system call ");
  text.copy(beginning, std::min(text.size() - 1, sizeof(beginning) - 1));  // without the end of the line
  struct sigaction action = {};
  action.sa_sigaction = say_what_was_stopped;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
}

// What root among the files and ports of its container has, as far as a guest can use it.
std::uint32_t useful_capabilities(const WallPolicy& policy) {
  std::uint32_t useful = 0;
  if (policy.reads_files) useful |= 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
  if (policy.writes_files) useful |= 1U << CAP_FOWNER;
  if (policy.new_sockets) useful |= 1U << CAP_NET_BIND_SERVICE;
  return useful;
}

int drop_capabilities(const WallPolicy& policy) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return errno;
  const std::uint32_t useful = useful_capabilities(policy);
  sets[0] = {sets[0].effective & useful, sets[0].permitted & useful, 0};
  sets[1] = {};
  return ::syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

int load_filter(const WallPolicy& policy) {
  WallFilter filter = wall_filter(policy, static_cast<std::uint32_t>(::getpid()));
  const sock_fprog program = {static_cast<unsigned short>(filter.size), filter.code.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}

}  // namespace

void raise_wall(const Options& options) {
  const WallPolicy policy = policy_of(options);
  watch_for_stopped_calls(options);
  if (const int error = drop_capabilities(policy))
    write_all(STDERR_FILENO, note_line(options, std::string("keeps its capabilities: ") + std::strerror(error)));
  if (const int error = load_filter(policy))
    write_all(STDERR_FILENO,
              note_line(options, std::string("runs without the engine's own seccomp filter: ") + std::strerror(error)));
}

}  // namespace crumb::engine
