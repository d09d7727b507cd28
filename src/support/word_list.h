// What crumb hands to its helpers: NUL-terminated words, numbers in decimal, a list as its length and then its items.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/error.h"

namespace crumb {

class WordWriter {
 public:
  void text(std::string_view word) { bytes_.append(word).push_back('\0'); }
  void number(std::uint64_t value) { text(fmt::format_int(value).c_str()); }
  template <class List, class Add>
  void each(const List& list, Add add) {
    number(list.size());
    for (const auto& item : list) add(item);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Takes words off the front. Throws Error that calls them `what`, "the profile".
class WordReader {
 public:
  WordReader(std::string_view rest, std::string_view what) : rest_(rest), what_(what) {}

  std::string_view text() {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) throw fail("{} is cut off", what_);
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return word;
  }
  template <class Number>
  Number number() {
    const std::string_view word = text();
    Number value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) throw fail("{} has \"{}\" for a number", what_, word);
    return value;
  }
  // One by one: a count that lies runs into the end before it takes memory.
  template <class Read>
  void each(Read read) {
    for (auto left = number<std::uint32_t>(); left > 0; --left) read();
  }
  // Throws when there is more.
  void end() const {
    if (!rest_.empty()) throw fail("{} goes on after its end", what_);
  }

 private:
  std::string_view rest_, what_;
};

}  // namespace crumb
