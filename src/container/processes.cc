#include "container/container.h"
#include "container/store.h"
#include "linux/cgroup.h"
#include "linux/command.h"
#include "support/error.h"

namespace crumb::container {

std::vector<int> processes(const Runtime& runtime, const std::string& id) {
  const std::optional<State> state = Store(runtime.root, false).open(id).read();
  if (!state) throw Error("container not running");
  return linux::cgroup_processes(state->cgroups);
}

std::string list_of_processes(const std::vector<std::string>& options) {
  std::vector<std::string> command{"ps"};
  command.insert(command.end(), options.begin(), options.end());
  return linux::output_of(command);
}

}  // namespace crumb::container
