// crumb delete: runtime.md, Delete.
#include <memory>

#include "cli/command.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string id;
  bool force = false;
};

}  // namespace

Action define_delete(Options& options) {
  const auto given = std::make_shared<Given>();
  options.flag("force,f", given->force, "kill the container first if it runs; an unknown id is no error");
  options.operand("ID", given->id, true);
  return [given](const container::Runtime& runtime) {
    container::remove(runtime, given->id, given->force);
    return 0;
  };
}

}  // namespace crumb::cli
