// crumb state: runtime.md, Query State.
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/summary.h"

namespace crumb::cli {

Action define_state(Options& options) {
  const auto id = std::make_shared<std::string>();
  options.operand("ID", *id, true);
  return [id](const container::Runtime& runtime) {
    print(state_json(container::state(runtime, *id)));
    return 0;
  };
}

}  // namespace crumb::cli
