#include "container/owner.h"

#include <fcntl.h>

#include <algorithm>

#include "support/error.h"
#include "support/file.h"

namespace crumb::container {
namespace {

// Cuts the part up to `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

}  // namespace

std::string user_name(std::string_view passwd, std::uint32_t uid) {
  const std::string wanted = std::to_string(uid);
  while (!passwd.empty()) {
    std::string_view line = take(passwd, '\n');
    const std::string_view name = take(line, ':');
    take(line, ':');  // the password
    if (take(line, ':') == wanted) return std::string(name);
  }
  return {};
}

std::string owner_name(std::uint32_t uid) {
  std::string name;
  try {
    name = user_name(read_file("/etc/passwd"), uid);
  } catch (const Error&) {
    // A host without /etc/passwd: numbers are all there is.
  }
  return name.empty() ? std::to_string(uid) : name;
}

}  // namespace crumb::container
