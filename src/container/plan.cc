#include "container/bundle.h"
#include "container/container.h"
#include "linux/cgroup_bounds.h"

namespace crumb::container {

plan::Plan plan(const Runtime& runtime, const CreateOptions& options) {
  plan::Plan plan = compile_bundle(runtime, load_bundle(options), options);
  plan.wasm = plan::within(std::move(plan.wasm), linux::cgroup_bounds(plan.host.cgroup_leaves));
  return plan;
}

}  // namespace crumb::container
