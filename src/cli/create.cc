// crumb create: runtime.md, Create.
#include <memory>

#include "cli/command.h"
#include "cli/create_options.h"

namespace crumb::cli {

Action define_create(Options& options) {
  const auto given = std::make_shared<container::CreateOptions>();
  add_create_options(options, *given);
  return [given](const container::Runtime& runtime) {
    container::create(runtime, *given);
    return 0;
  };
}

}  // namespace crumb::cli
