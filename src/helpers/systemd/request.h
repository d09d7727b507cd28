// What crumb wants of systemd.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crumb::systemd {

struct Property {
  std::string name, signature;
  std::uint32_t since = 0;
  std::vector<std::string> values;
};

struct Request {
  std::uint64_t patience = 0;  // microseconds
  std::vector<std::string> addresses;
  std::string command, unit;
  std::vector<Property> properties;
};

// wire/systemd_request.h. Throws Error.
Request parse_request(std::string_view bytes);

}  // namespace crumb::systemd
