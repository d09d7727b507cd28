#include "container/pidfd_socket.h"

#include "kernel/call.h"
#include "linux/unix_socket.h"
#include "support/error.h"

namespace crumb::container {

PidfdSocket::PidfdSocket(const std::string& path, std::string name) : name_(std::move(name)) {
  if (!path.empty()) socket_ = linux::connect_socket(path, name_);
}

void PidfdSocket::send(int pid) const {
  if (!socket_) return;
  const Fd pidfd(check(kernel::pidfd_open(pid, 0), "{}: process {}", name_, pid));
  linux::send_descriptor(socket_.get(), pidfd.get(), "pidfd", name_);
}

}  // namespace crumb::container
