// Names of users without the C library's name service, which would load plugins into a static program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crumb::container {

// The name of `uid` in a text of the form of passwd(5); empty when it has none. The first matching line counts.
std::string user_name(std::string_view passwd, std::uint32_t uid);

// From /etc/passwd of the host; the number in decimal when it is not listed there.
std::string owner_name(std::uint32_t uid);

}  // namespace crumb::container
