#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace crumb::cli {
namespace {

// "-b, --bundle DIR", "    --keep"
std::string left_column(const Options::Entry& entry) {
  std::string text = entry.word.letter ? fmt::format("-{}, ", entry.word.letter) : "    ";
  text += fmt::format("--{}", entry.word.name);
  if (!entry.metavar.empty()) text += fmt::format(" {}", entry.metavar);
  return text;
}

std::string option_lines(const Options& options) {
  std::size_t width = 0;
  for (const Options::Entry& entry : options.entries()) width = std::max(width, left_column(entry).size());
  std::string text;
  for (const Options::Entry& entry : options.entries())
    text += fmt::format("  {:<{}}  {}\n", left_column(entry), width, entry.help());
  return text;
}

std::string command_lines() {
  std::string text;
  std::string_view group;
  std::size_t width = 0;
  for (const Command& command : commands()) width = std::max(width, command.name.size());
  for (const Command& command : commands()) {
    if (command.group != group) text += fmt::format("\n{}:\n", command.group);
    group = command.group;
    text += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  }
  return text;
}

}  // namespace

std::string overview(const Options& globals) {
  return fmt::format(
      "crumb runs containers: Linux programs and WebAssembly modules, from OCI bundles.\n\n"
      "Usage: crumb [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n"
      "{}\n"
      "Global options, before COMMAND:\n{}\n"
      "`crumb COMMAND --help` tells more about a command.\n",
      command_lines(), option_lines(globals));
}

std::string help_of(const Command& command, const Options& options) {
  std::string text =
      fmt::format("crumb {}: {}\n\nUsage: crumb {} {}\n\n", command.name, command.summary, command.name, command.operands);
  if (!command.details.empty()) text += fmt::format("{}\n\n", command.details);
  return text + "Options:\n" + option_lines(options);
}

}  // namespace crumb::cli
