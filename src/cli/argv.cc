#include "cli/argv.h"

#include <algorithm>
#include <string_view>

#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

bool is_option(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-' && !(argument[1] >= '0' && argument[1] <= '9');
}

struct Parts {
  std::string_view name;
  bool has_value = false;
  std::string_view value;
};

// "-bundle=x" -> bundle, x
Parts take_apart(std::string_view argument) {
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  const std::size_t equals = argument.find('=');
  Parts parts{argument.substr(0, equals), equals != std::string_view::npos, {}};
  if (parts.has_value) parts.value = argument.substr(equals + 1);
  return parts;
}

std::size_t find(const std::vector<Word>& words, std::string_view name, const std::string& argument) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) {
    return word.name == name || (name.size() == 1 && word.letter == name[0]);
  });
  if (found == words.end()) throw fail("unknown option {}", quote(argument.substr(0, argument.find('='))));
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

Arguments normalise(const std::vector<Word>& words, const std::vector<std::string>& arguments, Operands operands) {
  Arguments result;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    if (*argument == "--" || (operands == Operands::end_options && !is_option(*argument))) {
      result.operands.insert(result.operands.end(), *argument == "--" ? argument + 1 : argument, arguments.end());
      break;
    }
    if (!is_option(*argument)) {
      result.operands.push_back(*argument);
      continue;
    }
    Parts parts = take_apart(*argument);
    const std::size_t place = find(words, parts.name, *argument);
    const Word& word = words[place];
    if (word.name == "help") result.help = true;
    if (!parts.has_value && !word.value) parts.value = "true";
    if (!parts.has_value && word.value) {
      if (++argument == arguments.end())
        throw fail("option --{} requires an argument", word.name);  // podman looks for these words
      parts.value = *argument;
    }
    result.options.push_back({place, std::string(parts.value)});
  }
  return result;
}

}  // namespace crumb::cli
