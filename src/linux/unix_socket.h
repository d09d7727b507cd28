// Sockets of crumb's callers that wait for one descriptor (--console-socket, --pidfd-socket, a seccomp agent's).
#pragma once

#include <string>
#include <string_view>

#include "support/fd.h"

namespace crumb::linux {

// Connects to the listening AF_UNIX stream socket at `path`, however long that is. Errors begin with `what`, an option's name;
// one of them is that nobody accepts the connection for 5 s. The descriptor is close-on-exec and does not block.
Fd connect_socket(const std::string& path, const std::string& what);

// `text` with the descriptor beside its first byte; a short one is one message. Throws as above.
void send_descriptor(int socket, int descriptor, std::string_view text, const std::string& what);

}  // namespace crumb::linux
