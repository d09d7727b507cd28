#include "support/quantities.h"

#include <charconv>
#include <cmath>

namespace crumb {
namespace {

constexpr double kMost = 9.2e18;  // below INT64_MAX

// A decimal without sign or exponent at the front, which is cut off.
std::optional<double> take_decimal(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + size, value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + size) return std::nullopt;
  text.remove_prefix(size);
  return value;
}

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool take_letter(std::string_view& text, char letter) {
  if (text.empty() || lower(text.front()) != letter) return false;
  text.remove_prefix(1);
  return true;
}

// Milliseconds; 0: no such unit.
double take_unit_of_time(std::string_view& text) {
  struct Unit {
    std::string_view word;
    double milliseconds;
  };
  constexpr Unit kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"µs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.word)) continue;
    text.remove_prefix(unit.word.size());
    return unit.milliseconds;
  }
  return 0;
}

std::optional<std::int64_t> whole(double value) {
  if (!(value >= 0 && value < kMost)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "kmgtp";
  if (const std::optional<std::int64_t> plain = parse_integer(text)) return *plain >= 0 ? plain : std::nullopt;
  const std::optional<double> number = take_decimal(text);
  if (!number) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  double factor = 1;
  for (const char unit : kUnits) {
    factor *= 1024;
    if (!take_letter(text, unit)) continue;
    take_letter(text, 'i');
    take_letter(text, 'b');
    return text.empty() ? whole(*number * factor) : std::nullopt;
  }
  take_letter(text, 'b');
  return text.empty() ? whole(*number) : std::nullopt;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::optional<double> number = take_decimal(text);
    const double unit = number ? take_unit_of_time(text) : 0;
    if (unit == 0) return std::nullopt;
    sum += *number * unit;
  }
  return whole(std::ceil(sum));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace crumb
