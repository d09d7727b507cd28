#include "linux/netlink_socket.h"

#include <sched.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "kernel/call.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

constexpr std::size_t kAnswer = 32U << 10;  // more than the kernel puts into one datagram

std::size_t aligned(std::size_t size) { return NLMSG_ALIGN(size); }

Fd make_socket() {
  return Fd(check(kernel::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "network devices: netlink socket"));
}

Fd make_socket_in(const Fd& network_namespace) {
  const Fd own(check(kernel::openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "network namespace"));
  check(kernel::setns(network_namespace.get(), CLONE_NEWNET), "network devices: enter the container's network namespace");
  const long made = kernel::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const long back = kernel::setns(own.get(), CLONE_NEWNET);
  Fd socket(made);
  check(back, "network devices: leave the container's network namespace");
  check(made, "network devices: netlink socket");
  return socket;
}

// The messages of one datagram; false for what is none.
template <class F>
bool for_each_message(std::string_view bytes, const F& f) {
  while (!bytes.empty()) {
    nlmsghdr header{};
    if (bytes.size() < sizeof header) return false;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) return false;
    f(header, bytes.substr(sizeof header, header.nlmsg_len - sizeof header));
    bytes.remove_prefix(std::min(aligned(header.nlmsg_len), bytes.size()));
  }
  return true;
}

}  // namespace

NetlinkRequest& NetlinkRequest::number(std::uint16_t attribute, std::uint32_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

NetlinkRequest& NetlinkRequest::name(std::uint16_t attribute, const std::string& value) {
  return bytes(attribute, {value.c_str(), value.size() + 1});
}

NetlinkRequest& NetlinkRequest::bytes(std::uint16_t attribute, std::string_view value) {
  const rtattr header{static_cast<unsigned short>(RTA_LENGTH(value.size())), attribute};
  append(&header, sizeof header);
  append(value.data(), value.size());
  return *this;
}

void NetlinkRequest::append(const void* data, std::size_t size) {
  body_.append(static_cast<const char*>(data), size);
  body_.resize(aligned(body_.size()));
}

std::string_view NetlinkMessage::attribute(std::size_t header_size, std::uint16_t wanted) const {
  std::string_view rest = body.substr(std::min(aligned(header_size), body.size()));
  while (rest.size() >= sizeof(rtattr)) {
    rtattr header{};
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > rest.size()) break;
    if (header.rta_type == wanted) return rest.substr(sizeof header, header.rta_len - sizeof header);
    rest.remove_prefix(std::min<std::size_t>(RTA_ALIGN(header.rta_len), rest.size()));
  }
  return {};
}

Netlink::Netlink() : socket_(make_socket()) {}
Netlink::Netlink(const Fd& network_namespace) : socket_(make_socket_in(network_namespace)) {}

void Netlink::send(const NetlinkRequest& request) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + request.body_.size());
  header.nlmsg_type = request.type_;
  header.nlmsg_flags = static_cast<std::uint16_t>(request.flags_ | NLM_F_REQUEST | NLM_F_ACK);
  header.nlmsg_seq = ++sequence_;
  std::array<iovec, 2> parts{iovec{&header, sizeof header},
                             iovec{const_cast<char*>(request.body_.data()), request.body_.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  check(kernel::sendmsg(socket_.get(), &message, 0), "network devices: netlink request");
}

long Netlink::ask(const NetlinkRequest& request, const Take& take) {
  send(request);
  std::string buffer(kAnswer, '\0');
  std::optional<long> result;
  while (!result) {
    iovec bytes{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    const long size = kernel::recvmsg(socket_.get(), &message, 0);
    if (size == -EINTR) continue;
    check(size, "network devices: netlink answer");
    const bool whole =
        for_each_message({buffer.data(), static_cast<std::size_t>(size)}, [&](const nlmsghdr& header, auto body) {
          if (header.nlmsg_seq != sequence_) return;
          if (header.nlmsg_type == NLMSG_DONE) result = 0;
          if (header.nlmsg_type == NLMSG_ERROR) {
            int error = 0;
            body.copy(reinterpret_cast<char*>(&error), sizeof error);
            result = error;
          }
          if (header.nlmsg_type >= NLMSG_MIN_TYPE) take({header.nlmsg_type, body});
        });
    if (!whole || (message.msg_flags & MSG_TRUNC) != 0) throw fail("network devices: a netlink answer that is none");
  }
  return *result;
}

}  // namespace crumb::linux
