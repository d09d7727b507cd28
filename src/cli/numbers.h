// Numbers on the command line, read strictly: decimal digits and nothing else (no sign, blank, prefix or overflow).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace crumb::cli {

inline std::optional<std::uint32_t> parse_number(std::string_view text,
                                                 std::uint32_t largest = std::numeric_limits<std::uint32_t>::max()) {
  if (text.empty() || text.size() > 10) return std::nullopt;  // 4294967295
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value > largest) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

}  // namespace crumb::cli
