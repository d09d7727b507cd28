// crumb create: runtime.md, Create.
#include <memory>

#include "cli/command.h"
#include "cli/create_options.h"
#include "cli/handover.h"

namespace crumb::cli {

Action define_create(Options& options) {
  const auto given = std::make_shared<container::CreateOptions>();
  add_create_options(options, *given);
  return [given](const container::Runtime& runtime) {
    take_activation(given->handover);
    container::create(runtime, *given);
    return 0;
  };
}

}  // namespace crumb::cli
