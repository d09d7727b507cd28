// The host's end of the sync socket (wire/protocol.h): whole messages in, whole messages out, descriptors beside them.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "support/fd.h"
#include "wire/protocol.h"

namespace crumb::linux {

class Channel {
 public:
  struct Received {
    wire::Message message;
    std::vector<Fd> descriptors;  // close-on-exec
  };

  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  // Both ends of a new SOCK_SEQPACKET pair, close-on-exec: ours and the one that init inherits.
  static std::pair<Channel, Fd> pair();

  // False when the peer is gone. Throws where the kernel does not take the message.
  bool send(const wire::Message& message, const std::vector<Fd>& descriptors);

  // Nothing at end of file. Throws for a packet of another size than a message.
  std::optional<Received> receive();

 private:
  Fd socket_;
};

}  // namespace crumb::linux
