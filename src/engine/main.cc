// crumb-wasm: runs one WebAssembly module. See docs/engine.md.
#include <unistd.h>

#include <cstdint>

#include "engine/imports.h"
#include "engine/options.h"
#include "engine/report.h"
#include "engine/run.h"
#include "wasm_export.h"

namespace crumb::engine {
namespace {

std::string version_text() {
  std::uint32_t major = 0, minor = 0, patch = 0;
  wasm_runtime_get_version(&major, &minor, &patch);
  return "crumb-wasm version " CRUMB_VERSION "\nWAMR " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(patch) + " (fast interpreter, compiled code)\n";
}

int answer(int argc, char** argv) {
  Options options;
  if (Failure failure = read_options(argc, argv, options)) return report_failure(options, failure);
  switch (options.request) {
    case Request::version:
      return write_all(STDOUT_FILENO, version_text()), 0;
    case Request::help:
      return write_all(STDOUT_FILENO, kHelp), 0;
    case Request::imports:
      return answer_about_imports() ? 0 : 1;
    case Request::run:
      break;
  }
  return run(options);
}

}  // namespace
}  // namespace crumb::engine

int main(int argc, char** argv) { return crumb::engine::answer(argc, argv); }
