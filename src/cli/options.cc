#include "cli/options.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "cli/numbers.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

// "bundle,b" -> Word
Word word_of(const std::string& names, bool value) {
  const std::size_t comma = names.find(',');
  return {names.substr(0, comma), comma == std::string::npos ? '\0' : names.at(comma + 1), value};
}

// What callers in Go and C write for a flag.
bool truth(const std::string& name, const std::string& value) {
  for (const std::string_view word : {"true", "1", "on", "yes"})
    if (value == word) return true;
  for (const std::string_view word : {"false", "0", "off", "no"})
    if (value == word) return false;
  throw fail("option --{}: {} is neither true nor false", name, quote(value));
}

// The values of each entry, of words that normalise() knows to be theirs.
std::vector<std::vector<std::string>> values_of(const std::vector<Options::Entry>& entries, std::vector<std::string>& given) {
  std::vector<std::vector<std::string>> values(entries.size());
  for (auto word = given.begin(); word != given.end(); ++word) {
    const std::string name = word->substr(2, word->find('=') - 2);
    const auto entry = std::ranges::find(entries, name, [](const Options::Entry& one) { return one.word.name; });
    std::vector<std::string>& of_entry = values.at(static_cast<std::size_t>(entry - entries.begin()));
    if (entry->word.value)
      of_entry.push_back(std::move(*++word));
    else
      of_entry.push_back(word->size() == name.size() + 2 ? "true" : word->substr(name.size() + 3));
  }
  return values;
}

}  // namespace

Options::Options() { flag("help,h", help_, "print this text"); }

void Options::add(Word word, const char* metavar, std::string help, Take take) {
  entries_.push_back({std::move(word), metavar, std::move(help)});
  takes_.push_back(std::move(take));
}

void Options::flag(const char* names, bool& target, const char* help) {
  Word word = word_of(names, false);
  const Take take = [&target, name = word.name](const auto& values) { target = truth(name, values.back()); };
  add(std::move(word), "", help, take);
}

void Options::text(const char* names, std::string& target, const char* metavar, const char* help) {
  add(word_of(names, true), metavar, help, [&target](const auto& values) { target = values.back(); });
}

void Options::texts(const char* names, std::vector<std::string>& target, const char* metavar, const char* help) {
  add(word_of(names, true), metavar, help, [&target](const auto& values) { target = values; });
}

void Options::number(const char* names, std::uint32_t& target, const char* metavar, const char* help) {
  Word word = word_of(names, true);
  const Take take = [&target, name = word.name](const auto& values) {
    const std::optional<std::uint32_t> number = parse_number(values.back());
    if (!number) throw fail("option --{}: {} is not a number from 0 to 4294967295", name, quote(values.back()));
    target = *number;
  };
  add(std::move(word), metavar, help, take);
}

void Options::refused(const char* names, const char* metavar, const char* reason) {
  Word word = word_of(names, *metavar != '\0');
  const Take take = [name = word.name, flag = !word.value, reason = std::string(reason)](const auto& values) {
    if (flag && !truth(name, values.back())) return;  // asks for nothing
    throw fail("option --{}: {}", name, reason);
  };
  add(std::move(word), metavar, std::string("refused: ") + reason, take);
}

void Options::ignored(const char* names, const char* help) {
  Word word = word_of(names, false);
  const Take take = [name = word.name](const auto& values) { truth(name, values.back()); };
  add(std::move(word), "", help, take);
}

void Options::exclude(const char* name, const std::vector<const char*>& others) { excluded_.emplace_back(name, others); }

void Options::operand(const char* name, std::string& target, bool required) {
  operands_.push_back({name, &target, nullptr, required});
}

void Options::operands(const char* name, std::vector<std::string>& target) {
  operands_.push_back({name, nullptr, &target, true});
}

void Options::rest(std::vector<std::string>& target) { rest_ = &target; }

void Options::take_operands(const std::vector<std::string>& given) const {
  auto next = given.begin();
  for (const Operand& operand : operands_) {
    if (next == given.end()) {
      if (operand.required) throw fail("{} is required", operand.name);
    } else if (operand.all) {
      operand.all->assign(next, given.end());
      next = given.end();
    } else {
      *operand.one = *next++;
    }
  }
  if (next != given.end()) throw fail("unexpected argument {}", quote(*next));
}

void Options::parse(const std::vector<std::string>& arguments) {
  std::vector<Word> words;
  for (const Entry& entry : entries_) words.push_back(entry.word);
  Arguments given = normalise(words, arguments, rest_ ? Operands::end_options : Operands::anywhere);
  if (given.help) {  // even where the rest of the line is incomplete
    help_ = true;
    return;
  }

  if (rest_ && !given.operands.empty()) {
    rest_->assign(given.operands.begin() + 1, given.operands.end());
    given.operands.resize(1);
  }
  const std::vector<std::vector<std::string>> values = values_of(entries_, given.options);
  const auto was_given = [&](std::string_view name) {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].word.name == name) return !values[i].empty();
    return false;
  };
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (!values[i].empty()) takes_[i](values[i]);
  take_operands(given.operands);
  for (const auto& [name, others] : excluded_)
    for (const char* other : others)
      if (was_given(name) && was_given(other)) throw fail("option --{} cannot be given together with --{}", name, other);
}

}  // namespace crumb::cli
