#include "linux/network_devices.h"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <vector>

#include "kernel/call.h"
#include "linux/netlink_socket.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

// What an address is made of, as the kernel gave it.
struct Address {
  ifaddrmsg header{};
  std::string local, address, broadcast;
};

// ENODEV in words that no caller takes for something else.
std::string reason(long error) {
  if (error == -ENODEV) return "there is no such network device";
  if (error == -EEXIST) return "the container has a network device of that name already";
  if (error == -EINVAL) return "this network device cannot be moved, or not under that name";
  if (error == -EPERM || error == -EACCES) return "crumb may not do that";
  return errno_text(static_cast<int>(-error));
}

// One of them on its way.
class Device {
 public:
  Device(std::string place, std::string name, Netlink& host, Netlink& container)
      : place_(std::move(place)), name_(std::move(name)), host_(host), container_(container) {}

  void move(const Fd& network_namespace, const std::string& new_name) {
    const int index = find(host_, name_);
    refuse_taken(new_name);
    const std::vector<Address> addresses = permanent_addresses(index);
    const std::set<int> before = all_of_container();
    ifinfomsg link{};
    link.ifi_index = index;
    // One request: a name that is free here may be taken there, and the other way round.
    NetlinkRequest request(RTM_NEWLINK, 0, link);
    request.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get())).name(IFLA_IFNAME, new_name);
    require(host_.ask(request), "move it");
    const int there = new_name.find('%') == std::string::npos ? find(container_, new_name) : newcomer(before);
    for (const Address& address : addresses) add(there, address);
    set_up(there);
  }

 private:
  void require(long result, const char* what) const {
    if (result < 0) throw fail("{}: {}: {}", place_, what, reason(result));
  }

  static long look_for(Netlink& netlink, const std::string& name) {
    int index = 0;
    NetlinkRequest request(RTM_GETLINK, 0, ifinfomsg{});
    request.name(IFLA_IFNAME, name);
    const long result =
        netlink.ask(request, [&](const NetlinkMessage& message) { index = message.header<ifinfomsg>().ifi_index; });
    return result < 0 ? result : index;
  }

  int find(Netlink& netlink, const std::string& name) const {
    const long index = look_for(netlink, name);
    require(index, "look for it");
    return static_cast<int>(index);
  }

  // The kernel finds out when the device is there already, and leaves it there.
  void refuse_taken(const std::string& new_name) const {
    if (new_name.find('%') == std::string::npos && look_for(container_, new_name) >= 0) require(-EEXIST, "move it");
  }

  std::set<int> all_of_container() const {
    std::set<int> all;
    require(container_.ask(NetlinkRequest(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{}),
                           [&](const NetlinkMessage& message) { all.insert(message.header<ifinfomsg>().ifi_index); }),
            "list the container's");
    return all;
  }

  // The kernel has made a name from a template.
  int newcomer(const std::set<int>& before) const {
    for (const int index : all_of_container())
      if (!before.contains(index)) return index;
    throw fail("{}: it is gone from the container", place_);
  }

  std::vector<Address> permanent_addresses(int index) const {
    constexpr std::size_t kHeader = sizeof(ifaddrmsg);
    std::vector<Address> addresses;
    const auto take = [&](const NetlinkMessage& message) {
      const auto header = message.header<ifaddrmsg>();
      const bool kept = (header.ifa_flags & IFA_F_PERMANENT) != 0 && header.ifa_scope == RT_SCOPE_UNIVERSE;
      if (static_cast<int>(header.ifa_index) != index || !kept) return;
      addresses.push_back({header, std::string(message.attribute(kHeader, IFA_LOCAL)),
                           std::string(message.attribute(kHeader, IFA_ADDRESS)),
                           std::string(message.attribute(kHeader, IFA_BROADCAST))});
    };
    require(host_.ask(NetlinkRequest(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}), take), "list its addresses");
    return addresses;
  }

  void add(int index, const Address& address) const {
    ifaddrmsg header{};
    header.ifa_family = address.header.ifa_family;
    header.ifa_prefixlen = address.header.ifa_prefixlen;
    header.ifa_scope = address.header.ifa_scope;
    header.ifa_index = static_cast<unsigned>(index);
    NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
    for (const auto& [attribute, value] :
         {std::pair{IFA_LOCAL, &address.local}, {IFA_ADDRESS, &address.address}, {IFA_BROADCAST, &address.broadcast}})
      if (!value->empty()) request.bytes(static_cast<std::uint16_t>(attribute), *value);
    require(container_.ask(request), "give it its addresses");
  }

  void set_up(int index) const {
    ifinfomsg link{};
    link.ifi_index = index;
    link.ifi_flags = link.ifi_change = IFF_UP;
    require(container_.ask(NetlinkRequest(RTM_NEWLINK, 0, link)), "set it up");
  }

  std::string place_, name_;
  Netlink& host_;
  Netlink& container_;
};

}  // namespace

void move_network_devices(const plan::Host& host, int pid) {
  if (host.net_devices.empty()) return;
  const std::string path = fmt::format("/proc/{}/ns/net", pid);
  const Fd space(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC), "network namespace {}", path));
  Netlink ours, theirs(space);
  for (const auto& [name, new_name] : host.net_devices)
    Device(fmt::format("{}: linux.netDevices[\"{}\"]", host.document, name), name, ours, theirs).move(space, new_name);
}

}  // namespace crumb::linux
