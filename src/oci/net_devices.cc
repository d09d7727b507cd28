// linux.netDevices (config-linux.md, Network Devices).
#include <linux/if.h>

#include "oci/parse.h"

namespace crumb::oci {
namespace {

// As the kernel's dev_valid_name.
bool is_valid(std::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

// "eth%d": the kernel puts the first free number there.
bool is_template(std::string_view name) {
  const std::size_t sign = name.find('%');
  return sign != std::string_view::npos && name.substr(sign).starts_with("%d") &&
         name.find('%', sign + 1) == std::string_view::npos;
}

std::string parse_new_name(const json::Cursor& name) {
  std::string word = name.string();
  if (!word.empty() && (!is_valid(word) || (word.find('%') != std::string::npos && !is_template(word))))
    throw name.error(fmt::format("\"{}\" is no name of a network device", word));
  return word;
}

}  // namespace

std::map<std::string, std::string> parse_net_devices(const json::Cursor& object) {
  std::map<std::string, std::string> devices;
  for (const auto& [key, value] : object.members()) {
    const std::string host(key);
    if (!is_valid(host) || host.find('%') != std::string::npos) throw value.error("not the name of a network device");
    const auto name = value.find("name");
    const std::string container = name ? parse_new_name(*name) : "";
    devices.emplace(host, container.empty() ? host : container);
  }
  return devices;
}

}  // namespace crumb::oci
