// crumb ps: the processes of a container's cgroups.
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/process_table.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string id, format = "table";
  std::vector<std::string> options;
};

}  // namespace

Action define_ps(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("format,f", given->format, "FORMAT", "table (default) or json: the process ids only");
  options.operand("ID", given->id, true);
  options.rest(given->options);
  return [given](const container::Runtime& runtime) {
    if (given->format != "table" && given->format != "json")
      throw fail("ps: option --format: {} is neither table nor json", quote(given->format));
    const std::vector<int> pids = container::processes(runtime, given->id);
    if (given->format == "json") {
      print(pids_json(pids));
      return 0;
    }
    if (given->options.empty()) given->options.emplace_back("-ef");
    print(process_table(container::list_of_processes(given->options), pids));
    return 0;
  };
}

}  // namespace crumb::cli
