#include "wasm/guest.h"

#include <sys/sysmacros.h>

#include <array>
#include <optional>
#include <string_view>

#include "kernel/call.h"
#include "linux/executable.h"
#include "linux/memory_file.h"
#include "support/error.h"
#include "support/log.h"
#include "wasm/code_cache.h"
#include "wasm/digest_memo.h"
#include "wasm/module.h"
#include "wire/engine_options.h"
#include "wire/guest_memory.h"

namespace crumb::wasm {
namespace {

constexpr int kNotExecutable = 126;

void require_regular_file(const Program& program) {
  struct stat facts{};
  check(kernel::fstat(program.file, &facts), "\"{}\"", program.name);
  if (!S_ISREG(facts.st_mode)) throw Error(fmt::format("\"{}\": not a regular file", program.name), kNotExecutable);
}

// A faster way to run the module, if there is one. Whatever is wrong with the cache, the interpreter remains.
Fd find_code(const Program& program, const std::string& path, bool frames) {
  constexpr off_t kLargest = 512 << 20;  // bytes; hashing more would delay the start
  try {
    const std::optional<CodeCache> cache = CodeCache::find(path);
    struct stat facts{};
    if (!cache || kernel::fstat(program.file, &facts) < 0 || facts.st_size > kLargest) return {};
    const bool may_remember = program.own_filesystem || major(facts.st_dev) != 0;  // minor alone: not on a block device
    const Sha256Digest module = may_remember ? DigestMemo(cache->directory()).digest(program.file, 0, program.name)
                                             : digest_of(program.file, 0, program.name);
    const Fd entry = cache->open_code(module, frames);
    return entry ? linux::open_read_only(entry.get(), "crumb-wasm-code") : Fd();
  } catch (const Error& error) {
    log::warning(fmt::format("{}; the cache is not used for \"{}\"", error.what(), program.name));
    return {};
  }
}

Fd choose_code(const Program& program, const plan::WasmPolicy& policy, const std::string& cache) {
  if (policy.mode == plan::WasmPolicy::Mode::interpreter) return {};
  Fd code = find_code(program, cache, policy.frames);
  if (!code && policy.mode == plan::WasmPolicy::Mode::aot)
    throw Error(fmt::format("\"{}\": the cache has no compiled code for it, and run.crumb.wasm.mode=aot wants nothing else; "
                            "`crumb wasm compile{}` makes some",
                            program.name, policy.frames ? " --frames" : ""),
                kNotExecutable);
  return code;
}

}  // namespace

std::string engine_options(const Program& program, const plan::WasmPolicy& policy) {
  using enum plan::WasmPolicy::Network;
  std::string options;
  const auto add = [&](std::string_view key, auto&& value) { options += fmt::format("{}={}", key, value), options += '\0'; };
  add("module", program.number);
  add("name", program.name);
  if (program.report >= 0) add("report", program.report);
  if (policy.stack != 0) add("stack", policy.stack);
  if (policy.memory != 0) add("memory-pages", policy.memory / wire::kGuestPage);
  if (policy.memory_limit != 0) add("memory-limit", policy.memory_limit);
  add("threads", policy.threads);
  if (policy.preopens.empty()) add("preopen", "none");
  for (const auto& [path, writable, name] : policy.preopens) {
    const std::string place = (writable ? "rw " : "ro ") + path;
    name.empty() ? add("preopen", place) : add("preopen-as", fmt::format("{} {}", place, name));
  }
  add("network", policy.network == none ? "none" : policy.network == listen ? "listen" : "all");
  if (policy.listen != 0) add("listen", policy.listen);
  if (policy.preserved != 0) add("preserved", policy.preserved);
  if (policy.mode == plan::WasmPolicy::Mode::aot) add("code", "required");
  return options;
}

Guest prepare_guest(const Program& program, const plan::WasmPolicy& policy, const Tools& tools) {
  require_regular_file(program);
  std::array<char, kHeaderSize> head;
  const long count = check(kernel::pread64(program.file, head.data(), head.size(), 0), "\"{}\"", program.name);
  require_module({head.data(), static_cast<std::size_t>(count)}, program.name);
  Fd code = choose_code(program, policy, tools.code_cache);
  return {linux::open_executable(tools.engine_path),
          linux::sealed_memory_file("crumb-wasm-options", engine_options(program, policy)), std::move(code)};
}

}  // namespace crumb::wasm
