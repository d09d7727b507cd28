// crumb kill: runtime.md, Kill.
#include <memory>

#include "cli/command.h"
#include "cli/matching.h"
#include "kernel/signals.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string id, signal = "SIGTERM";
  bool all = false, regex = false;
};

}  // namespace

Action define_kill(Options& options) {
  const auto given = std::make_shared<Given>();
  options.flag("all,a", given->all, "to every process of the container, not only its first");
  options.flag("regex,r", given->regex, "ID is a regular expression: every container whose id matches");
  options.operand("ID", given->id, true);
  options.operand("SIGNAL", given->signal, false);
  return [given](const container::Runtime& runtime) {
    const int signal = kernel::signal_number(given->signal);
    if (signal < 0) throw fail("kill: unknown signal {}", quote(given->signal));
    const auto kill = [&](const std::string& id) { container::kill(runtime, id, signal, given->all); };
    if (given->regex)
      for_each_match(runtime, given->id, "kill", kill);
    else
      kill(given->id);
    return 0;
  };
}

}  // namespace crumb::cli
