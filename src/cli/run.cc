// crumb run: create, start, wait, delete.
#include <memory>

#include "cli/command.h"
#include "cli/create_options.h"
#include "cli/handover.h"

namespace crumb::cli {
namespace {

struct Given {
  container::CreateOptions create;
  bool detach = false, keep = false;
};

}  // namespace

Action define_run(Options& options) {
  const auto given = std::make_shared<Given>();
  options.flag("detach,d", given->detach, "return when the program runs, without waiting for its end");
  options.flag("keep", given->keep, "do not delete the container after its end");
  options.ignored("no-subreaper", "accepted for runc's callers; crumb never becomes a subreaper for a detached container");
  add_create_options(options, given->create);
  return [given](const container::Runtime& runtime) {
    take_activation(given->create.handover);
    return container::run(runtime, given->create, given->detach, given->keep);
  };
}

}  // namespace crumb::cli
