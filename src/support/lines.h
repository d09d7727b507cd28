// Lines of the kernel's files and of other programs' words.
#pragma once

#include <string>
#include <string_view>

namespace crumb {

// Without its line feed; "" of "".
inline std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace crumb
