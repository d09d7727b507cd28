// Waiting for children, with and without handing signals on.
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <optional>

#include "linux/process.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Reaps all children that have ended; the status of `pid` if it was among them.
std::optional<int> reap_ended(int pid) {
  std::optional<int> code;
  int status = 0;
  long child = 0;
  while ((child = kernel::wait4(-1, &status, WNOHANG)) > 0)
    if (child == pid) code = exit_code(status);
  if (child == -ECHILD && !code) throw fail("process {} is not a child of crumb", pid);
  return code;
}

}  // namespace

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

}  // namespace crumb::linux
