#include "container/hooks.h"

#include <exception>
#include <utility>
#include <variant>

#include "container/launch.h"
#include "kernel/child.h"
#include "linux/memory_file.h"
#include "linux/process.h"
#include "plan/hooks.h"
#include "support/error.h"
#include "support/log.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

// Behind 0, 1 and 2, which the hook's own take.
Fd raised(Fd fd) { return above_preserved(std::move(fd), 0); }

struct Pipe {
  Fd reader, writer;
};

// Read without waiting.
Pipe make_pipe() {
  int ends[2];
  check(kernel::pipe2(ends, O_CLOEXEC), "pipe to a hook");
  Fd reader(ends[0]), writer(ends[1]);
  check(kernel::fcntl(reader.get(), F_SETFL, O_NONBLOCK), "pipe to a hook");
  return {raised(std::move(reader)), raised(std::move(writer))};
}

Fd open_output(const std::map<std::string, std::string>& annotations, const char* key, const std::string& document) {
  const auto found = annotations.find(key);
  if (found == annotations.end()) return {};
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC;
  constexpr unsigned kMode = 0700;  // crun's
  return Fd(check(kernel::openat(AT_FDCWD, found->second.c_str(), kFlags, kMode), "{}: annotations[\"{}\"]: \"{}\"", document,
                  key, found->second));
}

}  // namespace

Hooks::Hooks(const oci::Config& config, std::string id, std::string bundle)
    : hooks_(config.hooks),
      annotations_(config.annotations),
      name_(config.name),
      id_(std::move(id)),
      bundle_(std::move(bundle)) {}

std::string Hooks::state(const char* status, int pid) const {
  const plan::StateText text = plan::state_text(id_, bundle_, status, annotations_);
  return pid == 0 ? text.without_pid() : text.with_pid(pid);
}

void Hooks::run(std::string_view kind, std::size_t index, const oci::Hook& hook, const std::string& state, int needed) const {
  log::debug(fmt::format("{} hook #{}: {}", kind, index, hook.path));
  const trace::Span span("hook");
  // A file: nobody waits for a hook that does not read.
  const Fd input = raised(linux::sealed_memory_file("state", state));
  Pipe pipe = make_pipe();
  HookOutput output = open_hook_output(annotations_, name_);
  if (output.out) output.out = raised(std::move(output.out));
  if (output.err) output.err = raised(std::move(output.err));
  const auto or_pipe = [&](const Fd& fd) { return fd ? fd.get() : pipe.writer.get(); };
  const long child =
      linux::spawn_command({hook.path, hook.args, hook.env, bundle_, {input.get(), or_pipe(output.out), or_pipe(output.err)}});
  pipe.writer.reset();

  kernel::Attended attended;
  attended.pid = static_cast<int>(child);
  attended.output = pipe.reader.get();
  attended.needed = needed;
  attended.seconds = hook.timeout;
  const long result = child < 0 ? child : kernel::attend(attended);
  if (result >= 0) return;
  char tail[kernel::Tail::kKept + 1];
  attended.tail.line(tail);
  const std::string reason = plan::hook_reason(static_cast<int>(-result), attended.status, hook.timeout, tail);
  throw Error(plan::hook_failure(kind, index, hook.path, reason));
}

void Hooks::run_all(std::string_view kind, const std::vector<oci::Hook>& hooks, const char* status, int pid, int needed) const {
  if (hooks.empty()) return;  // as nearly always: the state is not written for nobody
  const std::string text = state(status, pid);
  for (std::size_t index = 0; index < hooks.size(); ++index) run(kind, index, hooks[index], text, needed);
}

void Hooks::creating(int pid) const {
  const Fd process(check(kernel::pidfd_open(pid, 0), "the container's process"));
  run_all("prestart", hooks_.prestart, "creating", pid, process.get());
  run_all("createRuntime", hooks_.create_runtime, "creating", pid, process.get());
}

void Hooks::started(int pid) const { run_all("poststart", hooks_.poststart, "running", pid, -1); }

void Hooks::stopped() const noexcept {
  for (std::size_t index = 0; index < hooks_.poststop.size(); ++index) {
    try {
      run("poststop", index, hooks_.poststop[index], state("stopped", 0), -1);
    } catch (const std::exception& error) {
      log::warning(error.what());
    }
  }
}

HookOutput open_hook_output(const std::map<std::string, std::string>& annotations, const std::string& document) {
  return {open_output(annotations, "run.oci.hooks.stdout", document),
          open_output(annotations, "run.oci.hooks.stderr", document)};
}

void set_hook_output(plan::Plan& plan, const HookOutput& output) {
  for (plan::Step& step : plan.steps) {
    auto* const hook = std::get_if<plan::Hook>(&step);
    if (!hook) continue;
    if (output.out) hook->out = static_cast<std::uint64_t>(output.out.get());
    if (output.err) hook->err = static_cast<std::uint64_t>(output.err.get());
  }
}

}  // namespace crumb::container
