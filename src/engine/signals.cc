#include "engine/signals.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace crumb::engine {

void install_signal_handlers() {
  struct sigaction leave = {};
  leave.sa_handler = [](int number) { ::_exit(128 + number); };
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM}) {
    struct sigaction inherited = {};
    if (::sigaction(number, nullptr, &inherited) == 0 && inherited.sa_handler == SIG_IGN) continue;
    ::sigaction(number, &leave, nullptr);
    ::sigaddset(&handled, number);
  }
  ::sigprocmask(SIG_UNBLOCK, &handled, nullptr);
  // WASI has no signals that a guest could ignore: it sees EPIPE, and a server outlives a client that has gone.
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace crumb::engine
