// rtnetlink(7): what crumb asks the kernel about network devices and their addresses, in one network namespace.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "support/fd.h"

namespace crumb::linux {

// A request under construction. `header`: ifinfomsg or ifaddrmsg, what the type wants.
class NetlinkRequest {
 public:
  template <class Header>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header) : type_(type), flags_(flags) {
    append(&header, sizeof header);
  }
  // A number of the type's own size, a name (its NUL is added), raw bytes.
  NetlinkRequest& number(std::uint16_t attribute, std::uint32_t value);
  NetlinkRequest& name(std::uint16_t attribute, const std::string& value);
  NetlinkRequest& bytes(std::uint16_t attribute, std::string_view value);

 private:
  friend class Netlink;
  void append(const void* data, std::size_t size);

  std::uint16_t type_, flags_;
  std::string body_;  // behind nlmsghdr
};

// One message of an answer. `body` begins with the type's header.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::string_view body;

  template <class Header>
  Header header() const {
    Header header{};
    body.copy(reinterpret_cast<char*>(&header), sizeof header);
    return header;
  }
  // The value of an attribute behind a header of this size; empty when there is none.
  std::string_view attribute(std::size_t header_size, std::uint16_t attribute) const;
};

class Netlink {
 public:
  // In crumb's own namespace, or in another, which crumb enters for no longer than it takes to make the socket.
  Netlink();
  explicit Netlink(const Fd& network_namespace);

  // Does it, and calls `take` with each message of the answer. 0 or -errno, the kernel's answer. Throws when there is none.
  using Take = std::function<void(const NetlinkMessage&)>;
  long ask(const NetlinkRequest& request, const Take& take = [](const NetlinkMessage&) {});

 private:
  void send(const NetlinkRequest& request);

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace crumb::linux
