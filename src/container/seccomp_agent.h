// The agent to which a profile leaves system calls (SCMP_ACT_NOTIFY): it gets the filter's listener (seccomp_unotify(2)) and,
// as JSON, the container process state (config-linux.md, The Container Process State).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "container/container.h"
#include "oci/config.h"
#include "support/fd.h"

namespace crumb::container {

class SeccompAgent {
 public:
  // Connects to linux.seccomp.listenerPath or, without one, where crun's annotation run.oci.seccomp.receiver says. Where the
  // profile leaves nothing to an agent there is none. Throws when it has to be one and nobody listens. Nothing has been made
  // by then.
  explicit SeccompAgent(const oci::Config& config);

  // What the agent is told of the container (runtime.md, State).
  struct Container {
    std::string id, bundle;
    Status status = Status::creating;
    int pid = 0;
  };

  // Sends the descriptor that `pid`, a child of crumb, has under the number `listener`, and closes the connection.
  void send(int pid, std::uint64_t listener, const Container& container);

 private:
  std::string state(int pid, const Container& container) const;

  std::string place_;     // of the socket's path, for messages
  std::string metadata_;  // for the agent
  std::map<std::string, std::string> annotations_;
  Fd socket_;
};

}  // namespace crumb::container
