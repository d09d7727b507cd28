// GVariant's text form (gvariant-text of GLib), as far as properties of units need it.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "plan/systemd.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::plan {
namespace {

struct TypeName {
  std::string_view word, signature;
};
constexpr TypeName kTypeNames[] = {{"boolean", "b"}, {"byte", "y"},   {"int16", "n"},      {"uint16", "q"},
                                   {"int32", "i"},   {"uint32", "u"}, {"int64", "x"},      {"uint64", "t"},
                                   {"double", "d"},  {"string", "s"}, {"objectpath", "o"}, {"signature", "g"}};

constexpr std::string_view kBasicTypes = "bynqiuxtdsog", kStringTypes = "sog";

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

template <class Number>
std::optional<std::string> in_range(std::uint64_t magnitude, bool negative) {
  using Limits = std::numeric_limits<Number>;
  const bool below_zero = negative && magnitude != 0;
  if (below_zero && Limits::min() == 0) return std::nullopt;
  if (magnitude > static_cast<std::uint64_t>(Limits::max()) + (below_zero ? 1 : 0)) return std::nullopt;
  return fmt::format("{}{}", below_zero ? "-" : "", magnitude);
}

// Nothing when the type cannot hold it.
std::optional<std::string> integer_as(char type, std::uint64_t magnitude, bool negative) {
  switch (type) {
    case 'y':
      return in_range<std::uint8_t>(magnitude, negative);
    case 'n':
      return in_range<std::int16_t>(magnitude, negative);
    case 'q':
      return in_range<std::uint16_t>(magnitude, negative);
    case 'i':
      return in_range<std::int32_t>(magnitude, negative);
    case 'u':
      return in_range<std::uint32_t>(magnitude, negative);
    case 'x':
      return in_range<std::int64_t>(magnitude, negative);
    case 't':
      return in_range<std::uint64_t>(magnitude, negative);
    default:
      return std::nullopt;
  }
}

// "10", "0x1f", "017"
std::optional<std::uint64_t> natural(std::string_view digits) {
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// "1.5", "1e6". strtod, since not every C++ library has from_chars for it; crumb never leaves the locale "C".
std::optional<double> real(std::string_view digits) {
  const std::string text(digits);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool begins_well = !text.empty() && (text[0] == '.' || (text[0] >= '0' && text[0] <= '9'));
  return begins_well && *end == '\0' && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto byte = [&](std::uint32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      byte(0xe0 | point >> 12);
    } else {
      byte(0xf0 | point >> 18);
      byte(0x80 | (point >> 12 & 0x3f));
    }
    byte(0x80 | (point >> 6 & 0x3f));
  }
  byte(0x80 | (point & 0x3f));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  SystemdProperty whole() {
    value(declared_type());
    skip_blanks();
    if (!rest_.empty()) throw fail("{} is left over behind the value", quote(rest_));
    return std::move(result_);
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_while(auto wanted) {
    std::size_t size = 0;
    while (size < rest_.size() && wanted(rest_[size])) ++size;
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }

  // "@as" or "uint64" in front of a value or an item; empty: the value tells.
  std::string declared_type() {
    if (take('@')) {
      const std::string type(take_while([](char c) { return c == '(' || c == ')' || c == '{' || c == '}' || is_word(c); }));
      const std::string_view element = std::string_view(type).substr(type.starts_with('a') ? 1 : 0);
      if (element.size() != 1 || kBasicTypes.find(element[0]) == std::string_view::npos)
        throw fail("the type {} is neither a basic one nor an array of them", quote(type));
      return type;
    }
    for (const TypeName& name : kTypeNames)
      if (rest_.starts_with(name.word) && (rest_.size() == name.word.size() || !is_word(rest_[name.word.size()]))) {
        rest_.remove_prefix(name.word.size());
        return std::string(name.signature);
      }
    return "";
  }

  void value(const std::string& type) {
    skip_blanks();
    if (rest_.starts_with("b'") || rest_.starts_with("b\"")) return bytes(type);
    if (!take('[')) {
      if (type.size() > 1) throw fail("an array of type {} begins with \"[\"", quote(type));
      result_.signature = scalar(type.empty() ? '\0' : type[0]);
      return;
    }
    if (type.size() == 1) throw fail("an array is no {}", quote(type));
    array(type.empty() ? '\0' : type[1]);
  }

  // All of one type, which the first tells if nobody has.
  void array(char type) {
    bool more = !take(']');
    while (more) {
      const char found = item(type)[0];
      type = type == '\0' ? found : type;
      if (take(']')) break;
      if (!take(',')) throw fail("\",\" or \"]\" is missing behind an item of the array");
      more = true;
    }
    if (type == '\0') throw fail("an empty array needs a type, as in \"@as []\"");
    result_.signature = std::string("a") + type;
  }

  // As scalar(), with a type of its own in front ("byte 1") that must not be another.
  std::string item(char type) {
    skip_blanks();
    const std::string declared = declared_type();
    skip_blanks();
    if (declared.empty()) return scalar(type);
    if (declared.size() != 1 || (type != '\0' && type != declared[0]))
      throw fail("an item of the type {} is in an array of \"{}\"", quote(declared), type == '\0' ? '?' : type);
    return scalar(declared[0]);
  }

  // b'text': its bytes and a NUL.
  void bytes(const std::string& type) {
    if (!type.empty() && type != "ay") throw fail("a string of bytes is no {}", quote(type));
    rest_.remove_prefix(1);
    const std::string text = octets();
    for (const char byte : text) result_.values.push_back(fmt::to_string(static_cast<unsigned char>(byte)));
    result_.values.emplace_back("0");
    result_.signature = "ay";
  }

  // Adds a value of this type (NUL: of its own) and returns the type.
  std::string scalar(char type) {
    skip_blanks();
    if (rest_.starts_with('\'') || rest_.starts_with('"')) return add(string(), type, 's');
    const std::string_view word = take_while([](char c) { return is_word(c) || c == '.' || c == '+' || c == '-'; });
    if (word == "true" || word == "false") return add(std::string(word), type, 'b');
    if (word.empty()) throw fail("a value is missing{}", rest_.empty() ? "" : " at " + quote(rest_));
    return number(word, type);
  }

  std::string add(std::string text, char wanted, char type) {
    const bool fits = wanted == '\0' || wanted == type || (type == 's' && kStringTypes.find(wanted) != std::string_view::npos);
    if (!fits) throw fail("{} is not of the type \"{}\"", quote(text), wanted);
    result_.values.push_back(std::move(text));
    return {wanted == '\0' ? type : wanted};
  }

  std::string number(std::string_view word, char wanted) {
    const bool negative = word.starts_with('-');
    const std::string_view digits = word.substr(negative || word.starts_with('+') ? 1 : 0);
    if (const std::optional<std::uint64_t> magnitude = natural(digits); magnitude && wanted != 'd') {
      const char type = wanted == '\0' ? 'i' : wanted;
      std::optional<std::string> text = integer_as(type, *magnitude, negative);
      if (!text) throw fail("{} is not of the type \"{}\"", quote(word), type);
      return add(std::move(*text), wanted, type);
    }
    const std::optional<double> value = real(digits);
    if (!value) throw fail("{} is no value: strings stand in quotes", quote(word));
    return add(fmt::format("{}", negative ? -*value : *value), wanted, 'd');
  }

  // What stands between two marks; `unescape` adds what a backslash begins.
  std::string quoted(void (Parser::*unescape)(std::string&)) {
    const char mark = rest_[0];
    std::string text;
    for (rest_.remove_prefix(1); !rest_.starts_with(mark);) {
      if (rest_.empty()) throw fail("a string has no end");
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\\')
        (this->*unescape)(text);
      else
        text.push_back(c);
    }
    rest_.remove_prefix(1);
    return text;
  }

  std::string string() {
    std::string text = quoted(&Parser::escape);
    if (text.find('\0') != std::string::npos) throw fail("a string holds a NUL");
    return text;
  }

  // Of a string of bytes: \101 is an octal number and, as runc's parser has it, \x41 a hexadecimal one.
  std::string octets() { return quoted(&Parser::escape_octet); }

  void escape_octet(std::string& text) {
    constexpr std::size_t kMost = 3;
    const std::size_t digits = std::min({rest_.find_first_not_of("01234567"), rest_.size(), kMost});
    if (rest_.starts_with('x')) {
      rest_.remove_prefix(1);
      return text.push_back(static_cast<char>(code_point(2)));
    }
    if (digits == 0) return escape(text);
    text.push_back(static_cast<char>(std::stoi(std::string(rest_.substr(0, digits)), nullptr, 8)));
    rest_.remove_prefix(digits);
  }

  void escape(std::string& text) {
    constexpr std::string_view kLetters = "abfnrtv", kMeanings = "\a\b\f\n\r\t\v";
    if (rest_.empty()) throw fail("a string has no end");
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == 'u' || c == 'U') return append_utf8(code_point(c == 'u' ? 4 : 8), text);
    const std::size_t known = kLetters.find(c);
    text.push_back(known == std::string_view::npos ? c : kMeanings[known]);
  }

  std::uint32_t code_point(std::size_t digits) {
    constexpr std::uint32_t kLast = 0x10ffff;
    const std::string_view word = rest_.substr(0, digits);
    std::uint32_t point = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), point, 16);
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    if (word.size() != digits || error != std::errc{} || end != word.data() + digits || point > kLast || surrogate)
      throw fail("{} is no character's number", quote(word));
    rest_.remove_prefix(digits);
    return point;
  }

  std::string_view rest_;
  SystemdProperty result_;
};

// Microseconds.
std::string in_microseconds(const SystemdProperty& seconds) {
  constexpr double kMicroseconds = 1e6, kTooMuch = 18446744073709551616.0;  // 2^64
  if (seconds.signature.size() != 1 || std::string_view("ynqiuxtd").find(seconds.signature) == std::string_view::npos)
    throw fail("it is not a number of seconds");
  const std::string& text = seconds.values.front();
  if (text.starts_with('-')) throw fail("{} s is negative", text);
  if (seconds.signature != "d") {
    const std::uint64_t whole = natural(text).value_or(0), most = std::numeric_limits<std::uint64_t>::max() / 1000000;
    if (whole > most) throw fail("{} s is too much", text);
    return fmt::to_string(whole * 1000000);
  }
  const double value = real(text).value_or(0);
  if (value * kMicroseconds >= kTooMuch) throw fail("{} s is too much", text);
  return fmt::to_string(static_cast<std::uint64_t>(value * kMicroseconds));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

SystemdProperty parse_gvariant(std::string_view text) { return Parser(text).whole(); }

SystemdProperty annotated_property(std::string_view name, std::string_view value) {
  constexpr std::string_view kSeconds = "Sec";
  constexpr std::size_t kShortest = 3;
  if (name.size() < kShortest || !std::ranges::all_of(name, is_letter)) throw fail("{} is no name of a property", quote(name));
  SystemdProperty property = parse_gvariant(value);
  property.name = name;
  // "TimeoutStopSec", not "TimeoutStopUSec".
  const std::size_t before = name.size() - kSeconds.size();
  if (!name.ends_with(kSeconds) || before == 0 || name[before - 1] < 'a' || name[before - 1] > 'z') return property;
  return {std::string(name.substr(0, before)) + "USec", "t", {in_microseconds(property)}};
}

}  // namespace crumb::plan
