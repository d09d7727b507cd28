#include "wasm/guest.h"

#include <array>
#include <string_view>

#include "kernel/call.h"
#include "linux/executable.h"
#include "linux/memory_file.h"
#include "support/error.h"
#include "wasm/module.h"
#include "wire/engine_options.h"

namespace crumb::wasm {
namespace {

void require_regular_file(const Program& program) {
  struct stat facts{};
  check(kernel::fstat(program.file, &facts), "\"{}\"", program.name);
  if (!S_ISREG(facts.st_mode)) throw Error(fmt::format("\"{}\": not a regular file", program.name), 126);
}

}  // namespace

std::string engine_options(const Program& program, const plan::WasmPolicy& policy) {
  std::string options;
  const auto add = [&](std::string_view key, auto&& value) { options += fmt::format("{}={}", key, value), options += '\0'; };
  add("module", program.number);
  add("name", program.name);
  if (program.report >= 0) add("report", program.report);
  if (policy.stack != 0) add("stack", policy.stack);
  if (policy.memory_pages != 0) add("memory-pages", policy.memory_pages);
  if (policy.listen != 0) add("listen", policy.listen);
  return options;
}

Guest prepare_guest(const Program& program, const plan::WasmPolicy& policy, const std::string& engine_path) {
  require_regular_file(program);
  std::array<char, kHeaderSize> head;
  const long size = check(kernel::pread64(program.file, head.data(), head.size(), 0), "\"{}\"", program.name);
  require_module({head.data(), static_cast<std::size_t>(size)}, program.name);
  return {linux::open_executable(engine_path),
          linux::sealed_memory_file("crumb-wasm-options", engine_options(program, policy))};
}

}  // namespace crumb::wasm
