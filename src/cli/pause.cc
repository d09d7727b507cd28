// crumb pause and crumb resume: the freezer.
#include <memory>

#include "cli/command.h"

namespace crumb::cli {

Action define_pause(Options& options) {
  const auto id = std::make_shared<std::string>();
  options.operand("ID", *id, true);
  return [id](const container::Runtime& runtime) {
    container::pause(runtime, *id);
    return 0;
  };
}

Action define_resume(Options& options) {
  const auto id = std::make_shared<std::string>();
  options.operand("ID", *id, true);
  return [id](const container::Runtime& runtime) {
    container::resume(runtime, *id);
    return 0;
  };
}

}  // namespace crumb::cli
