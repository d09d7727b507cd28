#include "helpers/seccomp/profile.h"

#include "kernel/seccomp.h"
#include "support/error.h"
#include "support/word_list.h"
#include "wire/seccomp_profile.h"

namespace crumb::seccomp {
namespace {

using kernel::SeccompOperator;
static_assert(static_cast<int>(SeccompOperator::ne) == SCMP_CMP_NE);
static_assert(static_cast<int>(SeccompOperator::masked_eq) == SCMP_CMP_MASKED_EQ);

scmp_arg_cmp parse_comparison(WordReader& words) {
  scmp_arg_cmp comparison{};
  comparison.arg = words.number<unsigned>();
  comparison.op = static_cast<scmp_compare>(words.number<int>());
  comparison.datum_a = words.number<std::uint64_t>();
  comparison.datum_b = words.number<std::uint64_t>();
  return comparison;
}

Rule parse_rule(WordReader& words) {
  Rule rule;
  rule.action = words.number<std::uint32_t>();
  words.each([&] { rule.names.emplace_back(words.text()); });
  words.each([&] { rule.comparisons.push_back(parse_comparison(words)); });
  return rule;
}

}  // namespace

Profile parse_profile(std::string_view bytes) {
  WordReader words(bytes, "the profile");
  if (words.text() != wire::kSeccompProfile) throw fail("not a profile of this version of crumb");
  Profile profile;
  profile.strict = words.text() == wire::kSeccompStrict;
  profile.default_action = words.number<std::uint32_t>();
  words.each([&] { profile.architectures.emplace_back(words.text()); });
  words.each([&] { profile.rules.push_back(parse_rule(words)); });
  words.end();
  return profile;
}

}  // namespace crumb::seccomp
