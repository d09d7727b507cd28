// --pidfd-socket: a caller who wants to hold the process itself, not a number that may be used again.
#pragma once

#include <string>

#include "support/fd.h"

namespace crumb::container {

class PidfdSocket {
 public:
  // Connects; an empty path is nobody. `name` opens messages. Throws when nobody listens. Nothing has been made by then.
  explicit PidfdSocket(const std::string& path, std::string name = "--pidfd-socket");

  // A pidfd of `pid`, a child that nobody has reaped.
  void send(int pid) const;

 private:
  std::string name_;
  Fd socket_;
};

}  // namespace crumb::container
