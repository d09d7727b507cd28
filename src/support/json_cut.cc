#include "support/json_cut.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace crumb::json {
namespace {

// What a value outside of strings is looked at for.
enum class Mark : char { none, quote, opens, closes, comma };
constexpr std::array<Mark, 256> kMarks = [] {
  std::array<Mark, 256> marks{};
  marks['"'] = Mark::quote;
  marks['{'] = marks['['] = Mark::opens;
  marks['}'] = marks[']'] = Mark::closes;
  marks[','] = Mark::comma;
  return marks;
}();

// Bit 7 of each byte that is the letter, up to the first one; of those behind it more bits may be set.
std::uint64_t where_is(char letter, std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighest = 0x8080808080808080;
  const std::uint64_t zeros = bytes ^ (kOnes * static_cast<unsigned char>(letter));
  return (zeros - kOnes) & ~zeros & kHighest;
}

// The first quote or backslash, eight bytes at a time where there are as many, else somewhere before it.
const char* past_letters(const char* at, const char* end) {
  std::uint64_t bytes = 0;
  for (; end - at >= static_cast<std::ptrdiff_t>(sizeof bytes); at += sizeof bytes) {
    std::memcpy(&bytes, at, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) return at;
    const std::uint64_t found = where_is('"', bytes) | where_is('\\', bytes);
    if (found != 0) return at + std::countr_zero(found) / 8;
  }
  return at;
}

// Goes through a text that need not be JSON: whatever is not as expected ends it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  // Looks for the value of the last key in the object that begins here. False where there is no object, where a key on the way
  // stands twice, and where one is written with escapes: it may be the one that is looked for, too.
  bool find(const std::string_view* key, const std::string_view* last) {
    if (!take('{')) return false;
    if (take('}')) return true;
    bool seen = false;
    do {
      std::string_view name;
      if (!string(name) || name.find('\\') != std::string_view::npos || !take(':')) return false;
      const bool wanted = name == *key;
      if (wanted && seen) return false;
      seen = seen || wanted;
      if (!(wanted ? value(key, last) : skip_value())) return false;
    } while (take(','));
    return take('}');
  }

  std::string_view found() const { return found_; }

 private:
  bool value(const std::string_view* key, const std::string_view* last) {
    if (key != last) return find(key + 1, last);
    skip_blanks();
    const char* const begin = at_;
    if (!skip_value()) return false;
    found_ = {begin, at_};
    return true;
  }

  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool take(char wanted) {
    skip_blanks();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  // What stands between the quotes.
  bool string(std::string_view& content) {
    if (!take('"')) return false;
    const char* at = past_letters(at_, end_);
    while (at != end_ && *at != '"') at = past_letters(at + (*at == '\\' && at + 1 != end_ ? 2 : 1), end_);
    content = {at_, at};
    at_ = at == end_ ? at : at + 1;
    return at != end_;
  }

  // An object or an array to its closing bracket, another value to the comma or bracket behind it.
  bool skip_value() {
    std::string_view ignored;
    for (std::size_t depth = 0;;) {
      const char* at = at_;
      while (at != end_ && kMarks[static_cast<unsigned char>(*at)] == Mark::none) ++at;
      at_ = at;
      if (at == end_) return false;
      const Mark mark = kMarks[static_cast<unsigned char>(*at)];
      if (mark == Mark::quote) {
        if (!string(ignored)) return false;
        continue;
      }
      if (depth == 0 && mark != Mark::opens) return true;
      ++at_;
      if (mark == Mark::opens) ++depth;
      if (mark == Mark::closes && --depth == 0) return true;
    }
  }

  const char* at_;
  const char* const end_;
  std::string_view found_;
};

}  // namespace

std::optional<Cut> cut(std::string_view text, std::initializer_list<std::string_view> path) {
  Scanner scanner(text);
  if (!scanner.find(path.begin(), path.end() - 1)) return std::nullopt;
  const std::string_view object = scanner.found();
  if (object.size() < 2 || object.front() != '{' || object.back() != '}') return std::nullopt;
  Cut result{object, std::string(text)};
  const auto begin = result.rest.begin() + (object.data() - text.data()) + 1;
  std::transform(begin, begin + static_cast<std::ptrdiff_t>(object.size()) - 2, begin,
                 [](char c) { return c == '\n' ? c : ' '; });
  return result;
}

}  // namespace crumb::json
