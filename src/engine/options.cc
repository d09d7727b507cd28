#include "engine/options.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include "wire/engine_options.h"

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

constexpr std::uint32_t kSmallestStack = 4096;
constexpr std::uint32_t kLargestStack = 1U << 30;
constexpr std::uint32_t kLargestMemory = 65536;  // pages: all that 32-bit addresses reach
constexpr std::uint32_t kMostSockets = 1024;
constexpr off_t kLargestOptions = 65536;

bool parse_number(std::string_view text, std::uint32_t low, std::uint32_t high, std::uint32_t& value) {
  std::uint32_t number = 0;
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

bool set_option(std::string_view key, std::string_view value, Options& options) {
  if (key == "module") return parse_descriptor(value, options.module_descriptor);
  if (key == "name") return !(options.name = value).empty();
  if (key == "report") return parse_descriptor(value, options.report);
  if (key == "stack") return parse_number(value, kSmallestStack, kLargestStack, options.stack);
  if (key == "memory-pages") return parse_number(value, 0, kLargestMemory, options.memory_pages);
  if (key == "listen") return parse_number(value, 0, kMostSockets, options.listen);
  if (key == "preopen-root") {
    options.preopen_root = value == "rw";
    return options.preopen_root || value == "none";
  }
  return false;
}

Failure parse_entries(std::string_view entries, Options& options) {
  while (!entries.empty()) {
    const std::string_view entry = entries.substr(0, entries.find('\0'));
    entries.remove_prefix(std::min(entry.size() + 1, entries.size()));
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos || !set_option(entry.substr(0, equals), entry.substr(equals + 1), options))
      return {EINVAL, "bad engine option \"" + std::string(entry) + "\""};
  }
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
                     (comma == numbers.npos || parse_descriptor(numbers.substr(comma + 1), options.code_descriptor));
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

}  // namespace

Failure read_options(int argc, char** argv, Options& options) {
  options.stack = wire::kDefaultGuestStack;
  if (const char* number = ::getenv(wire::kEngineOptionsVariable)) return read_from_crumb(number, argc, argv, options);
  return read_command_line(argc, argv, options);
}

}  // namespace crumb::engine
