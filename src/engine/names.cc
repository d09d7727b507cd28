// Name resolution without NSS: glibc's getaddrinfo, also in a static program, loads libraries that the container's /etc names
// from the container's root filesystem. This one (--wrap) knows numeric addresses and /etc/hosts.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "engine/descriptor.h"

namespace crumb::engine {
namespace {

struct Result {
  addrinfo info;
  sockaddr_storage address;
};

constexpr std::size_t kLargestHosts = 1U << 20;  // the container's own file: not trusted to be small

std::string read_hosts() {
  const Descriptor file(::open("/etc/hosts", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::string text(kLargestHosts, '\0');
  std::size_t size = 0;
  while (file && size < text.size()) {
    const ssize_t part = ::read(file.get(), text.data() + size, text.size() - size);
    if (part <= 0) break;
    size += static_cast<std::size_t>(part);
  }
  text.resize(size);
  return text;
}

std::string_view next_word(std::string_view& line) {
  constexpr char kBlank[] = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

bool parse_port(const char* service, in_port_t& port) {
  std::uint16_t number = 0;
  const char* end = service + std::strlen(service);
  const auto [rest, error] = std::from_chars(service, end, number);
  port = htons(number);
  return error == std::errc() && rest == end;
}

// Appends what getaddrinfo would return for this numeric address: one result per wanted socket type. False: not an address.
bool add_address(const std::string& text, in_port_t port, const addrinfo& hints, addrinfo**& tail) {
  Result model = {};
  auto& four = reinterpret_cast<sockaddr_in&>(model.address);
  auto& six = reinterpret_cast<sockaddr_in6&>(model.address);
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = port;
    model.info.ai_addrlen = sizeof(four);
  } else if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = port;
    model.info.ai_addrlen = sizeof(six);
  } else {
    return false;
  }
  model.info.ai_family = model.address.ss_family;
  if (hints.ai_family != AF_UNSPEC && hints.ai_family != model.info.ai_family) return true;

  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    if (hints.ai_socktype != 0 && hints.ai_socktype != type) continue;
    auto* result = static_cast<Result*>(std::malloc(sizeof(Result)));
    if (result == nullptr) return true;
    *result = model;
    result->info.ai_socktype = type;
    result->info.ai_protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    result->info.ai_addr = reinterpret_cast<sockaddr*>(&result->address);
    *tail = &result->info;
    tail = &result->info.ai_next;
  }
  return true;
}

bool names_host(std::string_view words, std::string_view host) {
  for (std::string_view word = next_word(words); !word.empty(); word = next_word(words))
    if (word.size() == host.size() && ::strncasecmp(word.data(), host.data(), host.size()) == 0) return true;
  return false;
}

void add_from_hosts(std::string_view host, in_port_t port, const addrinfo& hints, addrinfo**& tail) {
  const std::string text = read_hosts();
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view address = next_word(line);
    if (names_host(line, host)) add_address(std::string(address), port, hints, tail);
  }
}

}  // namespace
}  // namespace crumb::engine

extern "C" {

int __wrap_getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** results) {
  using namespace crumb::engine;
  const addrinfo wanted = hints != nullptr ? *hints : addrinfo{};
  in_port_t port = 0;
  if (service != nullptr && !parse_port(service, port)) return EAI_SERVICE;
  *results = nullptr;
  addrinfo** tail = results;
  if (host == nullptr) return EAI_NONAME;
  if (!add_address(host, port, wanted, tail) && (wanted.ai_flags & AI_NUMERICHOST) == 0)
    add_from_hosts(host, port, wanted, tail);
  return *results != nullptr ? 0 : EAI_NONAME;
}

void __wrap_freeaddrinfo(addrinfo* results) {
  while (results != nullptr) std::free(std::exchange(results, results->ai_next));  // each is the first member of a Result
}
}
