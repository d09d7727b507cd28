// crumb wasm compile-job: what crumb starts for itself, to compile a module in the background (docs/wasm.md).
#include <memory>
#include <string>

#include "cli/command.h"
#include "wasm/job.h"

namespace crumb::cli {
namespace {

struct Given {
  std::string name;
  bool frames = false;
};

}  // namespace

Action define_wasm_compile_job(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("name", given->name, "NAME", "what the module is called, for people");
  options.flag("frames", given->frames, "code that names all functions when it traps");
  return [given](const container::Runtime& runtime) { return wasm::run_job(runtime.code_cache, given->name, given->frames); };
}

}  // namespace crumb::cli
