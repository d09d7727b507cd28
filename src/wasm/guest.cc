#include "wasm/guest.h"

#include <fcntl.h>
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
#include "wasm/compile_lock.h"
#include "wasm/digest_memo.h"
#include "wasm/module.h"
#include "wire/code.h"
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

using Compile = plan::WasmPolicy::Compile;

// The answer to one question: which code does this module run?
class Choice {
 public:
  Choice(const Program& program, const plan::WasmPolicy& policy, const Tools& tools)
      : program_(program), policy_(policy), tools_(tools) {}

  // Where there is no code, or the policy does not want it: the interpreter.
  void make() {
    if (policy_.mode == plan::WasmPolicy::Mode::interpreter) return;
    try {
      look();
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      if (is_required()) throw Error(error.what(), kNotExecutable);
      log::warning(fmt::format("{}; \"{}\" is interpreted", error.what(), program_.name));
    }
    if (!code && is_required()) throw without_code();
  }

  Fd code;
  std::optional<Wanted> wanted;

 private:
  bool is_required() const { return policy_.mode == plan::WasmPolicy::Mode::aot; }
  void look();
  Sha256Digest digest_in(const CodeCache& cache) const;
  Fd compile(const CodeCache& cache, const Sha256Digest& module) const;
  Error without_code() const;

  const Program& program_;
  const plan::WasmPolicy& policy_;
  const Tools& tools_;
};

Sha256Digest Choice::digest_in(const CodeCache& cache) const {
  struct stat facts{};
  check(kernel::fstat(program_.file, &facts), "\"{}\"", program_.name);
  const bool may_remember = program_.own_filesystem || major(facts.st_dev) != 0;  // minor alone: not on a block device
  return may_remember ? DigestMemo(cache.directory()).digest(program_.file, 0, program_.name)
                      : digest_of(program_.file, 0, program_.name);
}

void Choice::look() {
  struct stat facts{};
  check(kernel::fstat(program_.file, &facts), "\"{}\"", program_.name);
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size > kLargestModule) return;  // hashing it would delay the start
  std::optional<CodeCache> cache = CodeCache::find(tools_.code_cache);
  if (!cache && policy_.compile == Compile::off) return;
  if (!cache) cache = CodeCache::make(tools_.code_cache);
  const Sha256Digest module = digest_in(*cache);
  Fd entry = cache->open_code(module, policy_.frames);
  if (!entry && (policy_.compile == Compile::wait || policy_.compile == Compile::require)) entry = compile(*cache, module);
  if (entry) code = linux::open_read_only(entry.get(), "crumb-wasm-code");
  if (policy_.compile == Compile::background && !missing_tiers(*cache, module, policy_.frames, size).empty())
    wanted = Wanted{module, policy_.frames, program_.name};
}

// Of several starts one compiles, and the others wait for it.
Fd Choice::compile(const CodeCache& cache, const Sha256Digest& module) const {
  constexpr long kTick = 100'000'000;  // nanoseconds
  const CodeKind kind{wire::kHighestOptimisation, policy_.frames};
  std::optional<CompileLock> lock;
  while (!(lock = CompileLock::take(cache.directory(), code_key(module, kind), CompileLock::Holder::start))) {
    if (const char* const reason = tools_.given_up())
      throw Interrupted(fmt::format("\"{}\": not compiled: {}", program_.name, reason));
    kernel::nanosleep(kTick);
  }
  std::string refusal;
  const CodeCache::Known known = cache.known(module, kind, &refusal);
  if (known == CodeCache::Known::refusal) throw fail("\"{}\": {} (`crumb wasm compile` tries again)", program_.name, refusal);
  if (known == CodeCache::Known::nothing) {
    Fd file(check(kernel::fcntl(program_.file, F_DUPFD_CLOEXEC, 3), "\"{}\"", program_.name));
    compile_module({std::move(file), program_.name}, unattended(kind), cache, tools_.given_up);
  }
  return cache.open_code(module, policy_.frames);
}

Error Choice::without_code() const {
  const char* const setting = policy_.compile == Compile::require ? "compile=require" : "mode=aot";
  return Error(fmt::format("\"{}\": the cache has no compiled code for it, and run.crumb.wasm.{} wants nothing else; "
                           "`crumb wasm compile{}` makes some",
                           program_.name, setting, policy_.frames ? " --frames" : ""),
               kNotExecutable);
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
  Choice choice(program, policy, tools);
  choice.make();
  return {linux::open_executable(tools.engine_path),
          linux::sealed_memory_file("crumb-wasm-options", engine_options(program, policy)), std::move(choice.code),
          std::move(choice.wanted)};
}

}  // namespace crumb::wasm
