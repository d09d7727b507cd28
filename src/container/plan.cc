#include "container/bundle.h"
#include "container/container.h"

namespace crumb::container {

plan::Plan plan(const Runtime& runtime, const CreateOptions& options) {
  return compile_bundle(runtime, load_bundle(options), options);
}

}  // namespace crumb::container
