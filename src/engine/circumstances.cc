#include "engine/circumstances.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "engine/descriptor.h"
#include "engine/read_file.h"

namespace crumb::engine {
namespace {

constexpr std::size_t kMostBytes = 65536;  // of the kernel's small files
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The number that a text begins with.
bool parse_number(std::string_view text, std::uint64_t& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

// Of the cgroup at `path` below `root` and of all above it. A container sees its own cgroup as the root, or the mount shows
// less than the path says: what is not there says nothing.
std::uint64_t smallest_limit(const std::string& root, std::string_view path, const char* file) {
  constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;  // version 1 writes the largest number of pages
  if (path.find("/..") != std::string_view::npos) path = {};    // outside of the cgroup namespace
  std::uint64_t smallest = kNoLimit;
  for (;; path = path.substr(0, path.rfind('/'))) {
    std::uint64_t limit = 0;
    if (path == "/") path = {};
    const std::string text = read_file(root + std::string(path) + "/" + file, kMostBytes);
    if (parse_number(text, limit) && limit < kUnlimited) smallest = std::min(smallest, limit);
    if (path.empty()) return smallest;
  }
}

// A line of /proc/self/cgroup: "ID:CONTROLLERS:PATH"; of version 2 without controllers.
std::uint64_t limit_of(std::string_view line) {
  line.remove_prefix(std::min(line.find(':') + 1, line.size()));
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return kNoLimit;
  const std::string_view controllers = line.substr(0, colon), path = line.substr(colon + 1);
  if (controllers.empty()) return smallest_limit("/sys/fs/cgroup", path, "memory.max");
  if (controllers == "memory") return smallest_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
  return kNoLimit;
}

bool is_socket(int descriptor) {
  struct stat status = {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

std::uint64_t own_memory_limit() {
  const std::string text = read_file("/proc/self/cgroup", kMostBytes);
  std::uint64_t smallest = kNoLimit;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    smallest = std::min(smallest, limit_of(line));
  }
  return smallest == kNoLimit ? 0 : smallest;
}

std::uint32_t handed_over_sockets() {
  constexpr std::uint64_t kMost = 1024;
  const char *const count = ::getenv("LISTEN_FDS"), *const receiver = ::getenv("LISTEN_PID");
  std::uint64_t said = 0, process = 0;
  if (count == nullptr || receiver == nullptr || !parse_number(count, said) || !parse_number(receiver, process) ||
      process != static_cast<std::uint64_t>(::getpid()))
    return 0;
  std::uint32_t found = 0;
  while (found < std::min(said, kMost) && is_socket(3 + static_cast<int>(found))) ++found;
  return found;
}

std::uint64_t network_namespace() {
  constexpr int kNamespaceCookie = 71;  // SO_NETNS_COOKIE, which older headers lack
  const Descriptor any(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return any && ::getsockopt(any.get(), SOL_SOCKET, kNamespaceCookie, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace crumb::engine
