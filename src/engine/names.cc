// Name resolution without NSS: glibc's getaddrinfo, also in a static program, loads libraries that the container's /etc names
// from the container's root filesystem. This one (--wrap) knows numeric addresses and /etc/hosts, and asks the servers of
// /etc/resolv.conf through the C library's resolver (res_search), which loads nothing.
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/read_file.h"

namespace crumb::engine {
namespace {

struct Result {
  addrinfo info;
  sockaddr_storage address;
};

constexpr std::size_t kLargestHosts = 1U << 20;  // the container's own file: not trusted to be small

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
    auto* const result = new (std::nothrow) Result(model);
    if (result == nullptr) return true;
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
  const std::string text = read_file("/etc/hosts", kLargestHosts);
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view address = next_word(line);
    if (names_host(line, host)) add_address(std::string(address), port, hints, tail);
  }
}

// The addresses of one kind (ns_t_a, ns_t_aaaa) of an answer; those of the name's aliases are in it as well.
void add_from_answer(const std::vector<unsigned char>& answer, ns_type kind, in_port_t port, const addrinfo& hints,
                     addrinfo**& tail) {
  ns_msg message = {};
  if (::ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0) return;
  for (int index = 0; index < ns_msg_count(message, ns_s_an); ++index) {
    ns_rr record = {};
    const bool four = kind == ns_t_a;
    if (::ns_parserr(&message, ns_s_an, index, &record) != 0 || ns_rr_type(record) != kind) continue;
    if (ns_rr_rdlen(record) != (four ? NS_INADDRSZ : NS_IN6ADDRSZ)) continue;
    char text[INET6_ADDRSTRLEN];
    if (::inet_ntop(four ? AF_INET : AF_INET6, ns_rr_rdata(record), text, sizeof(text)) != nullptr)
      add_address(text, port, hints, tail);
  }
}

// What there is to say when no address was found: EAI_NONAME, or EAI_AGAIN when no server has answered.
int add_from_servers(const char* host, in_port_t port, const addrinfo& hints, addrinfo**& tail) {
  constexpr std::size_t kLargestAnswer = 65535;
  int error = EAI_NONAME;
  for (const auto& [kind, family] : {std::pair{ns_t_a, AF_INET}, {ns_t_aaaa, AF_INET6}}) {
    if (hints.ai_family != AF_UNSPEC && hints.ai_family != family) continue;
    std::vector<unsigned char> answer(kLargestAnswer);
    const int size = ::res_search(host, ns_c_in, kind, answer.data(), static_cast<int>(answer.size()));
    if (size < 0 && h_errno == TRY_AGAIN) error = EAI_AGAIN;
    if (size <= 0) continue;
    answer.resize(std::min(static_cast<std::size_t>(size), answer.size()));
    add_from_answer(answer, kind, port, hints, tail);
  }
  return error;
}

}  // namespace

extern "C" {

int __wrap_getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** results) {
  const addrinfo wanted = hints != nullptr ? *hints : addrinfo{};
  in_port_t port = 0;
  if (service != nullptr && !parse_port(service, port)) return EAI_SERVICE;
  *results = nullptr;
  addrinfo** tail = results;
  if (host == nullptr) return EAI_NONAME;
  int error = EAI_NONAME;
  if (!add_address(host, port, wanted, tail) && (wanted.ai_flags & AI_NUMERICHOST) == 0) {
    add_from_hosts(host, port, wanted, tail);
    if (*results == nullptr) error = add_from_servers(host, port, wanted, tail);
  }
  return *results != nullptr ? 0 : error;
}

void __wrap_freeaddrinfo(addrinfo* results) {
  // Each is the first member of a Result.
  while (results != nullptr) delete reinterpret_cast<Result*>(std::exchange(results, results->ai_next));
}
}

}  // namespace crumb::engine
