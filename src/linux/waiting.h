// What waiting for a child is made of: crumb's signals as events, the child's end, and handing the others on.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "support/fd.h"

namespace crumb::linux {

// From here on signals only come out of next(). They stay blocked: crumb ends soon after.
class Signals {
 public:
  Signals();
  int descriptor() const { return fd_.get(); }
  signalfd_siginfo next() const;

 private:
  Fd fd_;
};

// Reaps all children that have ended; the exit code of `pid` if it was among them, 128+n after signal n.
std::optional<int> reap_ended(int pid);

// To `pid`, a child that was not reaped yet, unless the signal is crumb's own business.
void forward(const signalfd_siginfo& signal, int pid);

}  // namespace crumb::linux
