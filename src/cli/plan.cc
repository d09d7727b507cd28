// crumb plan: what create would do, in words.
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "plan/text.h"

namespace crumb::cli {

Action define_plan(Options& options) {
  const auto given = std::make_shared<container::CreateOptions>();
  given->id = "ID";
  options.text("bundle,b", given->bundle, "DIR", "the bundle (default: the current directory)");
  options.text("config,f", given->config, "FILE", "another configuration than DIR/config.json");
  options.flag("no-pivot", given->no_pivot, "as with create --no-pivot");
  options.operand("ID", given->id, false);
  return [given](const container::Runtime& runtime) {
    print(plan::describe(container::plan(runtime, *given)));
    return 0;
  };
}

}  // namespace crumb::cli
