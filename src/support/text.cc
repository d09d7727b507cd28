#include "support/text.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace crumb {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string quote(std::string_view text) {
  const auto plain = [](unsigned char letter) { return letter >= ' ' && letter != '"' && letter != '\\' && letter != 0x7f; };
  if (std::ranges::all_of(text, plain)) return std::string("\"").append(text).append("\"");
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\')
      quoted += fmt::format("\\{}", letter);
    else if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    else
      quoted += letter;
  }
  return quoted + "\"";
}

}  // namespace crumb
