#include "plan/hooks.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <vector>

#include "plan/parts.h"
#include "plan/words.h"
#include "support/json.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

std::vector<Hook> hook_steps(const Input& input, const char* kind, const std::vector<oci::Hook>& hooks, const char* status,
                             bool as_program) {
  std::vector<Hook> steps;
  if (hooks.empty()) return steps;
  const Surroundings& surroundings = input.surroundings;
  const StateText state = state_text(surroundings.id, surroundings.bundle, status, input.config.annotations);
  for (const oci::Hook& hook : hooks)
    steps.push_back({.kind = kind,
                     .index = steps.size(),
                     .path = hook.path,
                     .arguments = hook.args,
                     .environment = hook.env,
                     .timeout = hook.timeout,
                     .state_before = state.before,
                     .state_after = state.after,
                     .as_program = as_program});
  return steps;
}

}  // namespace

void add_hooks_of_creation(const Input& input, Host& host, std::vector<Step>& steps) {
  const oci::Hooks& hooks = input.config.hooks;
  host.hooks = hooks;
  host.hooks.create_container.clear();
  host.hooks.start_container.clear();
  if (!hooks.prestart.empty() || !hooks.create_runtime.empty()) steps.emplace_back(meet(wire::Point::mounted));
  std::ranges::move(hook_steps(input, "createContainer", hooks.create_container, "creating", false), std::back_inserter(steps));
}

std::vector<Hook> start_hooks(const Input& input) {
  return hook_steps(input, "startContainer", input.config.hooks.start_container, "created", true);
}

std::string StateText::with_pid(int pid) const { return fmt::format("{},\"pid\":{}{}", before, pid, after); }

StateText state_text(std::string_view id, std::string_view bundle, std::string_view status,
                     const std::map<std::string, std::string>& annotations) {
  json::object words;
  for (const auto& [key, value] : annotations) words[key] = value;
  StateText text;
  text.before = json::serialize(json::object{{"ociVersion", oci::kSpecVersion}, {"id", id}, {"status", status}});
  text.before.pop_back();  // the closing brace
  text.after = fmt::format(",\"bundle\":{}", json::serialize(json::value(bundle)));
  if (!words.empty()) text.after += ",\"annotations\":" + json::serialize(words);
  text.after += '}';
  return text;
}

std::string hook_failure(std::string_view kind, std::size_t index, const std::string& path, const std::string& reason) {
  return fmt::format("error running {} hook #{}: {}: {}", kind, index, quoted(path), reason);
}

std::string hook_reason(int error, int status, std::uint64_t timeout, const std::string& output) {
  const std::string more = output.empty() ? "" : ": " + output;
  switch (error) {
    case ECHILD:
      if (WIFSIGNALED(status)) return fmt::format("killed by signal {}{}", WTERMSIG(status), more);
      return fmt::format("exit status {}{}", WEXITSTATUS(status), more);
    case ETIME:
      return fmt::format("killed after its timeout, {} s{}", timeout, more);
    case EOWNERDEAD:
      return "killed, as the container's process has ended" + more;
    case ENOENT:
      return "it is not there, or its interpreter is not";
    case ENOTDIR:
      return "it is not there";
    case EACCES:
      return "it is not an executable file, or lies where it cannot be reached";
    case EPERM:
      return "the kernel does not let it be executed";
    default:
      return errno_text(error);
  }
}

}  // namespace crumb::plan
