// crumb list: every container of the state directory.
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string format = "table";
  bool quiet = false;
};

std::string render(const std::vector<container::Summary>& containers, const Given& given) {
  if (given.quiet) return list_ids(containers);
  return given.format == "json" ? list_json(containers) : list_table(containers);
}

}  // namespace

Action define_list(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("format,f", given->format, "FORMAT", "table (default) or json");
  options.flag("quiet,q", given->quiet, "print the ids only");
  return [given](const container::Runtime& runtime) {
    if (given->format != "table" && given->format != "json")
      throw fail("list: option --format: {} is neither table nor json", quote(given->format));
    print(render(container::list(runtime), *given));
    return 0;
  };
}

}  // namespace crumb::cli
