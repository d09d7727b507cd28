// crumb events: what a container uses, and when it runs out of memory.
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/stats_json.h"
#include "support/error.h"
#include "support/quantities.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string id, interval = "5s";
  bool stats = false;
};

}  // namespace

Action define_events(Options& options) {
  const auto given = std::make_shared<Given>();
  options.flag("stats", given->stats, "print what it uses now, once");
  options.text("interval", given->interval, "TIME", "between two looks: 5s (default), 500ms, 1m30s");
  options.operand("ID", given->id, true);
  return [given](const container::Runtime& runtime) {
    const std::optional<std::int64_t> interval = parse_duration(given->interval);
    if (!interval || *interval == 0)
      throw fail("events: option --interval: {} is not a time above 0, as 5s or 500ms", quote(given->interval));
    if (given->stats) {
      print(stats_event(given->id, container::stats(runtime, given->id)));
      return 0;
    }
    container::events(runtime, given->id, *interval, [&](const container::Stats* stats) {
      print(stats ? stats_event(given->id, *stats) : oom_event(given->id));
    });
    return 0;
  };
}

}  // namespace crumb::cli
