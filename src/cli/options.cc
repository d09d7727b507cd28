#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/numbers.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

constexpr int kAnyNumber = 1 << 20;

// "bundle,b" -> Word
Word word_of(const std::string& names, bool value) {
  const std::size_t comma = names.find(',');
  return {names.substr(0, comma), comma == std::string::npos ? '\0' : names.at(comma + 1), value};
}

CLI::callback_t callback(std::function<void(const std::vector<std::string>&)> take) {
  return [take = std::move(take)](const CLI::results_t& results) {
    take(results);
    return true;
  };
}

}  // namespace

Options::Options() : app_(std::make_unique<CLI::App>()) {
  app_->set_help_flag();  // help.h prints it
  flag("help,h", help_, "print this text");
}

Options::~Options() = default;

CLI::Option* Options::add(const char* names, const char* metavar, const char* help, Take take) {
  entries_.push_back({word_of(names, true), metavar, help});
  return app_->add_option("--" + entries_.back().word.name, callback(std::move(take)))->take_last();
}

void Options::flag(const char* names, bool& target, const char* help) {
  entries_.push_back({word_of(names, false), "", help});
  app_->add_flag("--" + entries_.back().word.name, target)->take_last();
}

void Options::text(const char* names, std::string& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target](const auto& values) { target = values.back(); });
}

void Options::texts(const char* names, std::vector<std::string>& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target](const auto& values) { target = values; })->take_all();
}

void Options::number(const char* names, std::uint32_t& target, const char* metavar, const char* help) {
  add(names, metavar, help, [&target, name = word_of(names, true).name](const auto& values) {
    const std::optional<std::uint32_t> number = parse_number(values.back());
    if (!number) throw fail("option --{}: {} is not a number from 0 to 4294967295", name, quote(values.back()));
    target = *number;
  });
}

void Options::refused(const char* names, const char* metavar, const char* reason) {
  const Word word = word_of(names, *metavar != '\0');
  const std::string help = std::string("refused: ") + reason;
  const std::string message = fmt::format("option --{}: {}", word.name, reason);
  if (word.value) {
    add(names, metavar, help.c_str(), [message](const auto&) { throw Error(message); });
    return;
  }
  entries_.push_back({word, "", help});
  app_->add_flag_function("--" + word.name,
                          [message](std::int64_t given) {
                            if (given > 0) throw Error(message);  // =false asks for nothing
                          })
      ->take_last();
}

void Options::ignored(const char* names, const char* help) {
  entries_.push_back({word_of(names, false), "", help});
  app_->add_flag("--" + entries_.back().word.name)->take_last();
}

void Options::exclude(const char* name, const std::vector<const char*>& others) {
  CLI::Option* option = app_->get_option(std::string("--") + name);
  for (const char* other : others) option->excludes(app_->get_option(std::string("--") + other));
}

void Options::operand(const char* name, std::string& target, bool required) {
  app_->add_option(name, callback([&target](const auto& values) { target = values.back(); }))->required(required);
  ++operands_;
}

void Options::operands(const char* name, std::vector<std::string>& target) {
  app_->add_option(name, callback([&target](const auto& values) { target = values; }))
      ->required()
      ->expected(1, kAnyNumber)
      ->allow_extra_args();
  operands_ = kAnyNumber;
}

void Options::rest(std::vector<std::string>& target) { rest_ = &target; }

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
  if (given.operands.size() > operands_) throw fail("unexpected argument {}", quote(given.operands[operands_]));
  given.options.emplace_back("--");
  given.options.insert(given.options.end(), given.operands.begin(), given.operands.end());
  std::reverse(given.options.begin(), given.options.end());  // the order that CLI11 wants
  try {
    app_->parse(std::move(given.options));
  } catch (const CLI::ParseError& error) {
    throw Error(error.what());
  }
}

}  // namespace crumb::cli
