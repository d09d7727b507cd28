#include "container/pidfd_socket.h"

#include "kernel/call.h"
#include "linux/socket.h"
#include "support/error.h"

namespace crumb::container {
namespace {

constexpr char kOption[] = "--pidfd-socket";

}  // namespace

PidfdSocket::PidfdSocket(const std::string& path) {
  if (!path.empty()) socket_ = linux::connect_socket(path, kOption);
}

void PidfdSocket::send(int pid) const {
  if (!socket_) return;
  const Fd pidfd(check(kernel::pidfd_open(pid, 0), "{}: process {}", kOption, pid));
  linux::send_descriptor(socket_.get(), pidfd.get(), "pidfd", kOption);
}

}  // namespace crumb::container
