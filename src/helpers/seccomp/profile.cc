#include "helpers/seccomp/profile.h"

#include <charconv>
#include <limits>

#include "kernel/seccomp.h"
#include "support/error.h"
#include "wire/seccomp_profile.h"

namespace crumb::seccomp {
namespace {

using kernel::SeccompOperator;
static_assert(static_cast<int>(SeccompOperator::ne) == SCMP_CMP_NE);
static_assert(static_cast<int>(SeccompOperator::masked_eq) == SCMP_CMP_MASKED_EQ);

// Takes words off the front.
class Words {
 public:
  explicit Words(std::string_view rest) : rest_(rest) {}

  std::string_view text() {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) throw fail("the profile is cut off");
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return word;
  }
  template <class Number>
  Number number() {
    const std::string_view word = text();
    Number value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) throw fail("the profile has \"{}\" for a number", word);
    return value;
  }
  // One by one: a count that lies runs into the end before it takes memory.
  template <class Read>
  void each(Read read) {
    for (auto left = number<std::uint32_t>(); left > 0; --left) read();
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

scmp_arg_cmp parse_comparison(Words& words) {
  scmp_arg_cmp comparison{};
  comparison.arg = words.number<unsigned>();
  comparison.op = static_cast<scmp_compare>(words.number<int>());
  comparison.datum_a = words.number<std::uint64_t>();
  comparison.datum_b = words.number<std::uint64_t>();
  return comparison;
}

Rule parse_rule(Words& words) {
  Rule rule;
  rule.action = words.number<std::uint32_t>();
  words.each([&] { rule.names.emplace_back(words.text()); });
  words.each([&] { rule.comparisons.push_back(parse_comparison(words)); });
  return rule;
}

}  // namespace

Profile parse_profile(std::string_view bytes) {
  Words words(bytes);
  if (words.text() != wire::kSeccompProfile) throw fail("not a profile of this version of crumb");
  Profile profile;
  profile.strict = words.text() == wire::kSeccompStrict;
  profile.default_action = words.number<std::uint32_t>();
  words.each([&] { profile.architectures.emplace_back(words.text()); });
  words.each([&] { profile.rules.push_back(parse_rule(words)); });
  if (!words.done()) throw fail("the profile goes on after its end");
  return profile;
}

}  // namespace crumb::seccomp
