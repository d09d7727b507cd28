// crumb wasm run: a module as a sandboxed process, without a bundle (docs/wasm.md).
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "cli/command.h"
#include "cli/handover.h"
#include "cli/process.h"
#include "plan/wasm_policy.h"
#include "support/error.h"
#include "support/quantities.h"
#include "support/text.h"
#include "wire/engine_options.h"

namespace crumb::cli {
namespace {

struct Given {
  std::vector<std::string> directories, environment, arguments;
  std::string network = "none", memory, stack, threads, mode, compile, time_limit;
  bool frames = false;
  std::string module;
};

// "GUEST::HOST", "HOST", each with ":ro" or ":rw" behind it.
plan::ModuleDirectory parse_directory(const std::string& text) {
  constexpr std::string_view kBetween = "::";
  std::string_view rest = text;
  plan::ModuleDirectory directory;
  directory.writable = !rest.ends_with(":ro");
  if (rest.ends_with(":ro") || rest.ends_with(":rw")) rest.remove_suffix(3);
  const std::size_t between = rest.find(kBetween);
  directory.name = rest.substr(0, between);
  directory.path = between == rest.npos ? rest : rest.substr(between + kBetween.size());
  if (directory.name.empty() || directory.path.empty())
    throw fail("wasm run: option --dir: {} is neither HOST nor GUEST::HOST, with or without :ro", quote(text));
  return directory;
}

std::vector<plan::ModuleDirectory> parse_directories(const std::vector<std::string>& texts) {
  if (texts.size() > wire::kMostGuestDirectories)
    throw fail("wasm run: option --dir: more than {} directories", wire::kMostGuestDirectories);
  std::vector<plan::ModuleDirectory> all;
  for (const std::string& text : texts) {
    plan::ModuleDirectory next = parse_directory(text);
    if (std::ranges::any_of(all, [&](const plan::ModuleDirectory& other) { return other.name == next.name; }))
      throw fail("wasm run: option --dir: {} is given twice", quote(next.name));
    all.push_back(std::move(next));
  }
  return all;
}

// "NAME" hands on what crumb has itself.
std::vector<std::string> parse_environment(const std::vector<std::string>& texts) {
  std::vector<std::string> environment;
  for (const std::string& text : texts) {
    const char* const own = text.find('=') == text.npos ? std::getenv(text.c_str()) : nullptr;
    if (own == nullptr && !text.empty() && text.find('=') == text.npos)
      throw fail("wasm run: option --env: {} is not NAME=VALUE, and no variable that crumb has", quote(text));
    set_variable(environment, own == nullptr ? text : text + "=" + own, "wasm run");
  }
  return environment;
}

plan::WasmPolicy parse_policy(const Given& given) {
  plan::WasmPolicy policy = plan::bare_wasm_policy();
  const auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) plan::set_wasm_policy(policy, key, value, fmt::format("wasm run: option --{}", key));
  };
  set("memory", given.memory);
  set("stack", given.stack);
  set("threads", given.threads);
  set("mode", given.mode);
  set("compile", given.compile);
  plan::settle_compile(policy, "wasm run: option --compile");
  policy.frames = given.frames;
  return policy;
}

long parse_time_limit(const std::string& text) {
  if (text.empty()) return 0;
  const std::optional<std::int64_t> limit = parse_duration(text);
  if (!limit || *limit <= 0)
    throw fail("wasm run: option --time-limit: {} is no time such as 10s, 1m30s or 250ms", quote(text));
  return *limit;
}

bool parse_network(const std::string& text) {
  if (text != "none" && text != "host") throw fail("wasm run: option --network: {} is neither none nor host", quote(text));
  return text == "host";
}

container::ModuleOptions module_options(const Given& given) {
  container::ModuleOptions options;
  options.path = given.module;
  options.arguments = given.arguments;
  options.environment = parse_environment(given.environment);
  options.directories = parse_directories(given.directories);
  options.host_network = parse_network(given.network);
  options.policy = parse_policy(given);
  options.time_limit = parse_time_limit(given.time_limit);
  return options;
}

}  // namespace

Action define_wasm_run(Options& options) {
  const auto given = std::make_shared<Given>();
  options.texts("dir", given->directories, "[GUEST::]HOST[:ro]", "give the guest this directory; may be repeated");
  options.texts("env,e", given->environment, "NAME[=VALUE]", "set a variable, or hand on crumb's own; may be repeated");
  options.text("network", given->network, "WHICH", "none (default), or host: the caller's network, with sockets");
  options.text("memory", given->memory, "SIZE", "let its memory grow to 64k..4g at most, such as 64M");
  options.text("threads", given->threads, "N", "let it have 0..256 threads besides the first (default: 256)");
  options.text("stack", given->stack, "SIZE", "operand stack of the interpreter (default: 1M)");
  options.text("time-limit", given->time_limit, "TIME", "kill it after 10s, 1m30s, 250ms; crumb then exits with 124");
  options.text("mode", given->mode, "MODE", "auto (default), interpreter, or aot: compiled or not at all");
  options.text("compile", given->compile, "WHEN", "where there is no code: off (default), background, wait or require");
  options.flag("frames", given->frames, "use only compiled code that names all functions when it traps");
  options.operand("MODULE", given->module, true);
  options.rest(given->arguments);
  return [given](const container::Runtime& runtime) {
    container::ModuleOptions module = module_options(*given);
    take_activation(module.handover);
    return container::run_module(runtime, module);
  };
}

}  // namespace crumb::cli
