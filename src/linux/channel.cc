#include "linux/channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "support/error.h"

namespace crumb::linux {
namespace {

using Length = decltype(msghdr::msg_controllen);  // glibc: size_t, musl: socklen_t

constexpr std::size_t kControl = CMSG_SPACE(sizeof(int) * wire::kMaxDescriptors);

#pragma GCC diagnostic ignored "-Wsign-compare"  // in musl's CMSG_NXTHDR

std::vector<Fd> take_descriptors(msghdr& header) {
  std::vector<Fd> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
      descriptors.emplace_back(number);
    }
  }
  return descriptors;
}

long receive_from(int socket, msghdr& header) {
  long result = 0;
  do result = kernel::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (result == -EINTR);
  return result;
}

}  // namespace

std::pair<Channel, Fd> Channel::pair() {
  int ends[2];
  check(kernel::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socket pair to crumb-init");
  return {Channel(Fd(ends[0])), Fd(ends[1])};
}

bool Channel::send(const wire::Message& message, const std::vector<Fd>& descriptors) {
  iovec bytes{const_cast<wire::Message*>(&message), sizeof message};
  alignas(cmsghdr) char control[kControl] = {};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    if (descriptors.size() > wire::kMaxDescriptors) throw fail("message to crumb-init: {} descriptors", descriptors.size());
    header.msg_control = control;
    header.msg_controllen = static_cast<Length>(CMSG_SPACE(sizeof(int) * descriptors.size()));
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = static_cast<Length>(CMSG_LEN(sizeof(int) * descriptors.size()));
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      const int number = descriptors[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof number, &number, sizeof number);
    }
  }
  long result = 0;
  do result = kernel::sendmsg(socket_.get(), &header, MSG_NOSIGNAL);
  while (result == -EINTR);
  if (result == -EPIPE || result == -ECONNRESET) return false;
  check(result, "message to crumb-init");
  return true;
}

std::optional<Channel::Received> Channel::receive() {
  Received received;
  iovec bytes{&received.message, sizeof received.message};
  alignas(cmsghdr) char control[kControl];
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  long result = receive_from(socket_.get(), header);
  // The peer died with a message of ours unread. The kernel says so once, and before what the peer itself had said.
  if (result == -ECONNRESET) result = receive_from(socket_.get(), header);
  if (result == -ECONNRESET) return std::nullopt;
  check(result, "message from crumb-init");
  received.descriptors = take_descriptors(header);
  if (result == 0) return std::nullopt;
  // More descriptors than this process may have open: the kernel dropped some.
  if (header.msg_flags & MSG_CTRUNC) throw fail("message from crumb-init: its descriptors do not fit");
  if (result != sizeof received.message || header.msg_flags & MSG_TRUNC)
    throw fail("crumb-init does not keep to the protocol: a message of {} bytes", result);
  return received;
}

}  // namespace crumb::linux
