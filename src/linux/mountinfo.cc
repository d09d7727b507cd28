#include "linux/mountinfo.h"

#include <charconv>

#include "support/text.h"

namespace crumb::linux {
namespace {

// Blanks, tabs, line feeds and backslashes of a path stand there as "\040" and so on.
std::string unescape(std::string_view path) {
  if (path.find('\\') == std::string_view::npos) return std::string(path);
  std::string plain;
  for (std::size_t at = 0; at < path.size(); ++at) {
    unsigned value = 0;
    if (path[at] == '\\' && at + 3 < path.size() &&
        std::from_chars(&path[at + 1], &path[at + 1] + 3, value, 8).ec == std::errc{}) {
      plain += static_cast<char>(value);
      at += 3;
    } else {
      plain += path[at];
    }
  }
  return plain;
}

// Counted from 0; empty when there are fewer.
std::string_view field(std::string_view text, std::size_t number) {
  for (; number > 0; --number) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    text.remove_prefix(blank + 1);
  }
  return text.substr(0, text.find(' '));
}

}  // namespace

// The fixed fields, optional ones, " - ", type, source, options.
void for_each_mount(std::string_view mountinfo, const std::function<void(const MountLine&)>& visit) {
  constexpr std::size_t kMountpoint = 4, kType = 0, kOptions = 2;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const std::string_view mountpoint = field(line.substr(0, dash), kMountpoint), after = line.substr(dash + 3);
    const std::string_view options = field(after, kOptions);
    if (!mountpoint.empty() && !options.empty()) visit({unescape(mountpoint), field(after, kType), options});
  }
}

}  // namespace crumb::linux
