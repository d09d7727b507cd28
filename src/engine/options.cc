#include "engine/options.h"

#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "engine/circumstances.h"
#include "wire/engine_options.h"
#include "wire/guest_memory.h"

namespace crumb::engine {

const char kHelp[] =
    "usage: crumb-wasm [--stack BYTES] [--memory-pages N] [--] MODULE [ARGUMENT...]\n"
    "\n"
    "Runs a WebAssembly module (WASI preview 1) with the caller's files, environment and working directory.\n"
    "\n"
    "  --stack BYTES      the guest's operand stack (1048576)\n"
    "  --memory-pages N   cap of its linear memory in pages of 64 KiB (none)\n"
    "  --version          version of crumb-wasm and of its engine\n"
    "  --help             this text\n";

namespace {

constexpr std::uint32_t kMostSockets = 1024;
constexpr off_t kLargestOptions = 65536;

template <class Number>
bool parse_number(std::string_view text, std::type_identity_t<Number> low, std::type_identity_t<Number> high, Number& value) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < low || number > high) return false;
  value = number;
  return true;
}

bool parse_descriptor(std::string_view text, int& descriptor) {
  std::uint32_t number = 0;
  if (!parse_number(text, 0, std::numeric_limits<int>::max(), number)) return false;
  descriptor = static_cast<int>(number);
  return true;
}

bool parse_network(std::string_view text, Network& network) {
  network = text == "none" ? Network::none : text == "all" ? Network::all : Network::listen;
  return network != Network::listen || text == "listen";
}

// "rw PATH", "ro PATH", or "none".
bool add_grant(std::string_view text, std::vector<Grant>& grants) {
  constexpr std::size_t kMode = 3;
  const std::string_view mode = text.substr(0, kMode);
  if (text == "none") return grants.empty();
  if ((mode != "rw " && mode != "ro ") || text.substr(kMode, 1) != "/") return false;
  grants.push_back({std::string(text.substr(kMode)), mode == "rw "});
  return true;
}

// "rw PATH NAME", "ro PATH NAME".
bool add_named_grant(std::string_view text, std::vector<Grant>& grants) {
  const std::size_t blank = text.find(' ', std::min<std::size_t>(text.size(), 3));
  if (blank == std::string_view::npos || blank + 1 == text.size() || !add_grant(text.substr(0, blank), grants)) return false;
  grants.back().name = text.substr(blank + 1);
  return true;
}

bool set_option(std::string_view key, std::string_view value, Options& options) {
  if (key == "module") return parse_descriptor(value, options.module_descriptor);
  if (key == "name") return !(options.name = value).empty();
  if (key == "report") return parse_descriptor(value, options.report);
  if (key == "stack") return parse_number(value, wire::kSmallestGuestStack, wire::kLargestGuestStack, options.stack);
  if (key == "memory-pages") return parse_number(value, 0, wire::kMostGuestPages, options.memory_pages);
  if (key == "memory-limit") return parse_number(value, 0, std::numeric_limits<std::uint64_t>::max(), options.memory_limit);
  if (key == "listen") return parse_number(value, 0, kMostSockets, options.listen);
  if (key == "preserved") return parse_number(value, 0, kMostSockets, options.preserved);
  if (key == "threads") return parse_number(value, 0, wire::kMostGuestThreads, options.threads);
  if (key == "network") return parse_network(value, options.network);
  if (key == "code") return (options.code_required = value == "required") || value == "any";
  return false;
}

Failure bad_entry(std::string_view entry) { return {EINVAL, "bad engine option \"" + std::string(entry) + "\""}; }

Failure parse_entries(std::string_view entries, Options& options) {
  std::vector<Grant> grants;
  bool has_grants = false;
  while (!entries.empty()) {
    const std::string_view entry = entries.substr(0, entries.find('\0'));
    entries.remove_prefix(std::min(entry.size() + 1, entries.size()));
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) return bad_entry(entry);
    const std::string_view key = entry.substr(0, equals), value = entry.substr(equals + 1);
    const bool is_grant = key.starts_with("preopen");
    has_grants |= is_grant;
    const bool valid = key == "preopen"      ? add_grant(value, grants)
                       : key == "preopen-as" ? add_named_grant(value, grants)
                                             : set_option(key, value, options);
    if (!valid) return bad_entry(entry);
  }
  if (has_grants) options.grants.swap(grants);
  if (options.module_descriptor < 0 || options.name.empty()) return {EINVAL, "the engine options name no module"};
  return {};
}

Failure read_descriptor(int descriptor, std::string& content) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kLargestOptions)
    return {EINVAL, std::string(wire::kEngineOptionsVariable) + " does not name the engine's options"};
  content.resize(static_cast<std::size_t>(status.st_size));
  if (::pread(descriptor, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    return {EIO, "cannot read the engine's options"};
  return {};
}

Failure read_from_crumb(const char* number, int argc, char** argv, Options& options) {
  options.under_crumb = true;
  options.argc = argc;
  options.argv = argv;
  int descriptor = -1;
  const std::string_view numbers = number;  // "OPTIONS" or "OPTIONS,CODE"
  const std::size_t comma = numbers.find(',');
  const bool valid = parse_descriptor(numbers.substr(0, comma), descriptor) &&
                     (comma == std::string_view::npos || parse_descriptor(numbers.substr(comma + 1), options.code_descriptor));
  ::unsetenv(wire::kEngineOptionsVariable);
  if (!valid) return {EINVAL, std::string(wire::kEngineOptionsVariable) + " does not name descriptors"};

  std::string content;
  if (Failure failure = read_descriptor(descriptor, content)) return failure;
  ::close(descriptor);
  return parse_entries(content, options);
}

// The value of `--name VALUE` or `--name=VALUE` at argv[index]; null when argv[index] is something else or the value is
// missing.
const char* option_value(const char* name, int argc, char** argv, int& index) {
  const std::size_t length = std::strlen(name);
  if (std::strncmp(argv[index], name, length) != 0) return nullptr;
  if (argv[index][length] == '=') return argv[index] + length + 1;
  if (argv[index][length] != '\0' || index + 1 >= argc) return nullptr;
  return argv[++index];
}

Failure read_command_line(int argc, char** argv, Options& options) {
  int index = 1;
  for (; index < argc && argv[index][0] == '-' && argv[index][1] != '\0'; ++index) {
    const std::string_view argument = argv[index];
    if (argument == "--help" || argument == "-h") return options.request = Request::help, Failure{};
    if (argument == "--imports") return options.request = Request::imports, Failure{};
    if (argument == "--version") return options.request = Request::version, Failure{};
    if (argument == "--") {
      ++index;
      break;
    }
    bool valid = false;
    if (const char* value = option_value("--stack", argc, argv, index)) {
      valid = set_option("stack", value, options);
    } else if (const char* pages = option_value("--memory-pages", argc, argv, index)) {
      valid = set_option("memory-pages", pages, options);
    }
    if (!valid) return {EINVAL, "bad option or value: " + std::string(argument) + " (see --help)"};
  }
  if (index >= argc) return {EINVAL, "no module given (see --help)"};
  options.name = argv[index];
  options.argc = argc - index;
  options.argv = argv + index;
  return {};
}

// The program that the kernel started us for, by binfmt_misc with the flag O; -1: somebody else has started us.
int descriptor_of_kernel() {
  errno = 0;
  const unsigned long descriptor = ::getauxval(AT_EXECFD);
  return errno == 0 ? static_cast<int>(descriptor) : -1;
}

// argv is the interpreter's name, the module's path and, with the flag P, the module's argv; without it the rest of that. There
// are no options of ours: all else is the guest's.
Failure read_from_kernel(int descriptor, int argc, char** argv, Options& options) {
  constexpr unsigned long kPreservesName = 1;  // AT_FLAGS_PRESERVE_ARGV0 of linux/binfmts.h, since Linux 5.12
  if (argc < 2) return {EINVAL, "the kernel names no module"};
  const int first = (::getauxval(AT_FLAGS) & kPreservesName) != 0 && argc > 2 ? 2 : 1;
  options.module_descriptor = descriptor;
  options.name = argv[1];
  options.argc = argc - first;
  options.argv = argv + first;
  return {};
}

}  // namespace

Options default_options() {
  Options options;
  options.stack = wire::kDefaultGuestStack;
  options.threads = wire::kMostGuestThreads;
  return options;
}

void look_around(Options& options) {
  options.memory_limit = own_memory_limit();
  options.listen = handed_over_sockets();
}

Failure read_options(int argc, char** argv, Options& options) {
  options = default_options();
  const int descriptor = descriptor_of_kernel();
  const char* const number = ::getenv(wire::kEngineOptionsVariable);
  if (descriptor < 0 && number != nullptr) return read_from_crumb(number, argc, argv, options);
  if (descriptor < 0) return read_command_line(argc, argv, options);
  look_around(options);
  return read_from_kernel(descriptor, argc, argv, options);
}

}  // namespace crumb::engine
