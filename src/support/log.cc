#include "support/log.h"

#include <fcntl.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <ctime>
#include <string_view>

#include "support/error.h"
#include "support/fd.h"

namespace crumb::log {
namespace {

struct Settings {
  Fd file;
  Format format = Format::text;
  bool debug = false;
};

Settings& settings() {
  static Settings instance;
  return instance;
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// Bytes of the UTF-8 sequence that `text` begins with, 0 when it is none (RFC 3629, but for its finer exclusions).
std::size_t sequence(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  return size;
}

// Names in messages come from anywhere, and a line that is no JSON hides the error from callers.
std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t size = sequence(text);
    valid += size ? text.substr(0, size) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(size ? size : 1);
  }
  return valid;
}

std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::value(valid_utf8(text))); }

std::string line(const char* level, const std::string& message) {
  if (!to_file())
    return fmt::format("crumb: {}{}\n", std::string_view(level) == "error" ? "" : fmt::format("{}: ", level), message);
  if (settings().format == Format::json)
    return fmt::format("{{\"level\":\"{}\",\"msg\":{},\"time\":\"{}\"}}\n", level, quoted(message), now());
  return fmt::format("time=\"{}\" level={} msg={}\n", now(), level, quoted(message));
}

// A log that cannot be written must not stop a container.
void write(const char* level, const std::string& message) {
  const std::string text = line(level, message);
  kernel::write(to_file() ? settings().file.get() : 2, text.data(), text.size());
}

}  // namespace

void open(const std::string& path, Format format, bool debug) {
  settings().format = format;
  settings().debug = debug;
  if (path.empty()) return;
  settings().file = Fd(check(kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644),
                             "--log {}", path));
}

bool to_file() { return static_cast<bool>(settings().file); }

void error(const std::string& message) { write("error", message); }
void warning(const std::string& message) { write("warning", message); }
void debug(const std::string& message) {
  if (settings().debug) write("debug", message);
}

}  // namespace crumb::log
