#include "cli/cli.h"

#include <algorithm>
#include <new>

#include "cli/command.h"
#include "cli/globals.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/version.h"
#include "kernel/call.h"
#include "support/error.h"
#include "support/log.h"
#include "support/trace.h"

namespace crumb::cli {
namespace {

// Runs `parse`, giving its errors the name of what was parsed and a hint.
template <class Parse>
void with_hint(std::string_view command, Parse parse) {
  try {
    parse();
  } catch (const Error& error) {
    if (command.empty()) throw fail("{} (see crumb --help)", error.what());
    throw fail("{}: {} (see crumb {} --help)", command, error.what(), command);
  }
}

int run_command(const Globals& globals, std::uint64_t begun) {
  const std::vector<std::string>& words = globals.rest();
  const Command& command = find_command(words);
  if (const std::string path = globals.trace(); !path.empty()) trace::open(path, std::string(command.name), begun);
  const auto named_by = 1 + std::count(command.name.begin(), command.name.end(), ' ');
  Options options;
  const Action action = command.define(options);
  with_hint(command.name, [&] { options.parse({words.begin() + named_by, words.end()}); });
  if (options.help_wanted()) {
    print(help_of(command, options));
    return 0;
  }
  return action(globals.runtime());
}

// `crumb help` and `crumb help COMMAND`
int print_help(const Globals& globals) {
  if (globals.rest().size() < 2) {
    print(overview(globals.options()));
    return 0;
  }
  const Command& command = find_command(std::span(globals.rest()).subspan(1));
  Options options;
  command.define(options);
  print(help_of(command, options));
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  const std::uint64_t begun = trace::now();
  Globals globals;
  with_hint("", [&] { globals.parse(arguments); });
  if (globals.version_wanted()) {
    print(version_text());
    return 0;
  }
  const bool help = globals.options().help_wanted() || globals.rest().empty() || globals.rest().front() == "help";
  return help ? print_help(globals) : run_command(globals, begun);
}

// Once to the log, where callers read the last line, and once to stderr.
void report(const std::string& message, bool shown) {
  if (log::to_file() || !shown) log::error(message);
  if (!log::to_file() || shown) return;
  const std::string line = "crumb: " + message + "\n";
  kernel::write(2, line.data(), line.size());
}

}  // namespace

// The trace of a command that failed is written, too.
int run_traced(const std::vector<std::string>& arguments) {
  try {
    const int code = run(arguments);
    trace::write();
    return code;
  } catch (const Error&) {
    trace::write();
    throw;
  }
}

int main(const std::vector<std::string>& arguments) {
  try {
    return run_traced(arguments);
  } catch (const Error& error) {
    report(error.what(), error.shown());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    report("out of memory", false);
  } catch (const std::exception& error) {
    report(error.what(), false);
  }
  return 1;
}

}  // namespace crumb::cli
