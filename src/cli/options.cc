#include "cli/options.h"

#include <algorithm>

#include "cli/numbers.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

// "bundle,b" -> Word
Word word_of(std::string_view names, bool value) {
  const std::size_t comma = names.find(',');
  return {names.substr(0, comma), comma == std::string_view::npos ? '\0' : names.at(comma + 1), value};
}

// The words that Go's flags take, for runc's callers.
bool truth_of(const Word& word, const std::string& value) {
  for (const std::string_view yes : {"true", "1", "t", "T", "TRUE", "True"})
    if (value == yes) return true;
  for (const std::string_view no : {"false", "0", "f", "F", "FALSE", "False"})
    if (value == no) return false;
  throw fail("option --{}: {} is neither true nor false", word.name, quote(value));
}

}  // namespace

std::string Options::Entry::help() const { return (refused ? "refused: " : "") + std::string(note); }

Options::Options() { flag("help,h", help_, "print this text"); }

void Options::add(const char* names, const char* metavar, const char* note, Take take, bool refused) {
  entries_.push_back({word_of(names, *metavar != '\0'), metavar, note, refused, std::move(take)});
}

void Options::flag(const char* names, bool& target, const char* help) {
  add(names, "", help, [&target](const Word& word, const std::string& value) { target = truth_of(word, value); });
}

void Options::text(const char* names, std::string& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target](const Word&, const std::string& value) { target = value; });
}

void Options::texts(const char* names, std::vector<std::string>& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target](const Word&, const std::string& value) { target.push_back(value); });
}

void Options::number(const char* names, std::uint32_t& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target](const Word& word, const std::string& value) {
    const std::optional<std::uint32_t> number = parse_number(value);
    if (!number) throw fail("option --{}: {} is not a number from 0 to 4294967295", word.name, quote(value));
    target = *number;
  });
}

void Options::refused(const char* names, const char* metavar, const char* reason) {
  const auto refuse = [reason](const Word& word, const std::string& value) {
    if (word.value || truth_of(word, value)) throw fail("option --{}: {}", word.name, reason);  // =false asks for nothing
  };
  add(names, metavar, reason, refuse, true);
}

void Options::ignored(const char* names, const char* help) {
  add(names, "", help, [](const Word& word, const std::string& value) { truth_of(word, value); });
}

std::size_t Options::place_of(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, [](const Entry& entry) { return entry.word.name; });
  if (found == entries_.end()) throw fail("no option --{}", name);  // a fault of the command's definition
  return static_cast<std::size_t>(found - entries_.begin());
}

void Options::exclude(const char* name, const std::vector<const char*>& others) {
  for (const char* other : others) excluded_.emplace_back(place_of(name), place_of(other));
}

void Options::operand(const char* name, std::string& target, bool required) {
  operands_.push_back({name, [&target](const Word&, const std::string& value) { target = value; }, required});
}

void Options::operands(const char* name, std::vector<std::string>& target) {
  operands_.push_back({name, [&target](const Word&, const std::string& value) { target.push_back(value); }, true});
  endless_ = true;
}

void Options::rest(std::vector<std::string>& target) { rest_ = &target; }

void Options::take_options(const std::vector<GivenOption>& given) const {
  const auto is_given = [&](std::size_t place) { return std::ranges::find(given, place, &GivenOption::word) != given.end(); };
  for (const GivenOption& option : given) entries_[option.word].take(entries_[option.word].word, option.value);
  for (const auto& [one, other] : excluded_)
    if (is_given(one) && is_given(other))
      throw fail("options --{} and --{} cannot be given together", entries_[one].word.name, entries_[other].word.name);
}

void Options::take_operands(const std::vector<std::string>& given) const {
  if (given.size() > operands_.size() && !endless_) throw fail("unexpected argument {}", quote(given[operands_.size()]));
  for (std::size_t i = 0; i < given.size(); ++i) operands_[std::min(i, operands_.size() - 1)].take({}, given[i]);
  for (std::size_t i = given.size(); i < operands_.size(); ++i)
    if (operands_[i].required) throw fail("{} is required", operands_[i].name);
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
  take_options(given.options);
  take_operands(given.operands);
}

}  // namespace crumb::cli
