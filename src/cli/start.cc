// crumb start: runtime.md, Start.
#include <memory>

#include "cli/command.h"

namespace crumb::cli {

Action define_start(Options& options) {
  const auto id = std::make_shared<std::string>();
  options.operand("ID", *id, true);
  return [id](const container::Runtime& runtime) {
    container::start(runtime, *id);
    return 0;
  };
}

}  // namespace crumb::cli
