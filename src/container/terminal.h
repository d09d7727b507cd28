// The terminal of a process on the host's side (config.md, Process: terminal): who gets its master.
#pragma once

#include <string>

#include "oci/config.h"
#include "support/fd.h"

namespace crumb::container {

class Terminal {
 public:
  // `detach`: crumb will not wait for the process, so that its terminal needs a console socket, and only then. Throws where
  // these do not go together, and when nobody listens on the socket. Nothing has been made by then.
  Terminal(const oci::Process& process, const std::string& console_socket, bool detach);

  // At the point `console`: to the console socket, or kept for wait().
  void take(Fd master);

  // True when what the program writes comes out of wait() and not of its own descriptors.
  bool in_foreground() const { return wanted_ && !socket_; }

  // Waits for `pid`, a child, forwards signals and copies the terminal meanwhile if there is one. The exit code, 128+n after
  // signal n.
  int wait(int pid);

 private:
  bool wanted_;
  Fd socket_, master_;
};

}  // namespace crumb::container
