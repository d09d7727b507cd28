#include "support/json_cut.h"

#include <algorithm>
#include <array>

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
    const char* at = at_;
    while (at != end_ && *at != '"') at += *at == '\\' && at + 1 != end_ ? 2 : 1;
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
