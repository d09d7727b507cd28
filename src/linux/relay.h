// The copy loop of a foreground `run` or `exec` with a terminal.
#pragma once

#include "support/fd.h"

namespace crumb::linux {

// Copies stdin to `master` and `master` to stdout until `pid`, a child, has ended, and what it wrote to its end. stdin, if it
// is a terminal, is raw meanwhile. Returns and forwards signals as reap_forwarding_signals() does, but for SIGWINCH, which
// hands on the new size.
int reap_relaying_terminal(int pid, Fd master);

}  // namespace crumb::linux
