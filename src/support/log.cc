#include "support/log.h"

#include <fcntl.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <ctime>

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

std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::value(text)); }

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
