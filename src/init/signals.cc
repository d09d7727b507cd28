#include "init/signals.h"

#include "kernel/call.h"

namespace crumb::init {

void reset_signals() {
  constexpr int kSignals = 64;
  const kernel::SignalAction defaults;
  // Past the seam: these calls cannot fail, and would only make tests that count calls take as many steps more.
  for (int signal = 1; signal <= kSignals; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP)
      kernel::raw_syscall(SYS_rt_sigaction, signal, reinterpret_cast<long>(&defaults), 0, sizeof defaults.mask, 0, 0);
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
}

}  // namespace crumb::init
