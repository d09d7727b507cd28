// crumb delete: runtime.md, Delete.
#include <memory>

#include "cli/command.h"
#include "cli/matching.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string id;
  bool force = false, regex = false;
};

}  // namespace

Action define_delete(Options& options) {
  const auto given = std::make_shared<Given>();
  options.flag("force,f", given->force, "kill the container first if it runs; an unknown id is no error");
  options.flag("regex,r", given->regex, "ID is a regular expression: every container whose id matches");
  options.operand("ID", given->id, true);
  return [given](const container::Runtime& runtime) {
    const auto remove = [&](const std::string& id) { container::remove(runtime, id, given->force); };
    if (given->regex)
      for_each_match(runtime, given->id, "delete", remove);
    else
      remove(given->id);
    return 0;
  };
}

}  // namespace crumb::cli
