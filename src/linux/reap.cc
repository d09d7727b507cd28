// Waiting for children, with and without handing signals on.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "linux/process.h"
#include "linux/waiting.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

std::optional<int> reap_ended(int pid) {
  std::optional<int> code;
  int status = 0;
  long child = 0;
  while ((child = kernel::wait4(-1, &status, WNOHANG)) > 0 || child == -EINTR)
    if (child == pid) code = exit_code(status);
  if (child == -ECHILD && !code) throw fail("process {} is not a child of crumb", pid);
  return code;
}

Signals::Signals() {
  const unsigned long everything = ~0UL;
  check(kernel::rt_sigprocmask(SIG_BLOCK, &everything), "block signals");
  fd_ = Fd(check(kernel::signalfd4(-1, &everything, SFD_CLOEXEC), "signal descriptor"));
}

signalfd_siginfo Signals::next() const {
  signalfd_siginfo signal{};
  long size = 0;
  do size = kernel::read(fd_.get(), &signal, sizeof signal);
  while (size == -EINTR);
  check(size, "signal descriptor");
  return signal;
}

void forward(const signalfd_siginfo& signal, int pid) {
  const int number = static_cast<int>(signal.ssi_signo);
  // The kernel sends it in our own name when a reader of ours is gone.
  const bool own = number == SIGPIPE && signal.ssi_pid == static_cast<unsigned>(getpid());
  if (number != SIGCHLD && number != SIGURG && !own) kernel::kill(pid, number);  // not reaped yet: the number is still its own
}

bool has_ended(int pid) {
  siginfo_t info{};
  check(kernel::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT), "process {}", pid);
  return info.si_pid != 0;
}

int reap(int pid) {
  int status = 0;
  long result = 0;
  do result = kernel::wait4(pid, &status, 0);
  while (result == -EINTR);
  check(result, "wait for process {}", pid);
  return exit_code(status);
}

std::optional<int> reap_forwarding_signals(int pid, long milliseconds) {
  using std::chrono::steady_clock, std::chrono::ceil;
  const Signals signals;
  const steady_clock::time_point end = steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    if (const std::optional<int> code = reap_ended(pid)) return code;
    pollfd event{signals.descriptor(), POLLIN, 0};
    const long left = milliseconds < 0 ? -1 : ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
    if (milliseconds >= 0 && left <= 0) return std::nullopt;
    if (kernel::poll(&event, 1, left) > 0) forward(signals.next(), pid);
  }
}

// NOLINTNEXTLINE(bugprone-unchecked-optional-access): only a limit makes it return nothing
int reap_forwarding_signals(int pid) { return *reap_forwarding_signals(pid, -1); }

}  // namespace crumb::linux
