#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "container/bundle.h"
#include "container/compile_later.h"
#include "container/create.h"
#include "container/hooks.h"
#include "container/scope.h"
#include "container/session.h"
#include "container/store.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/log.h"
#include "support/trace.h"
#include "wire/protocol.h"

namespace crumb::container {
namespace {

constexpr long kLeavingMilliseconds = 10000;

// The other end of `result`, who writes to it, and what is to follow.
struct Started {
  Fd result;
  linux::Process process;
  std::optional<Hooks> hooks;  // none: there are no poststart hooks
  CompileJob job;
};

[[noreturn]] void refuse(const std::string& id, const char* why) { throw fail("container \"{}\": cannot start {}", id, why); }

// Opened while init has it open for reading and writing, so that end of file means init's own end.
Fd open_result(const Entry& entry) {
  Fd result(check(kernel::openat(entry.directory(), kResultFifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW),
                  "container \"{}\": FIFO \"{}\"", entry.id(), kResultFifo));
  check(kernel::fcntl(result.get(), F_SETFL, 0), "container \"{}\": FIFO \"{}\"", entry.id(), kResultFifo);
  return result;
}

// Read-write: no SIGPIPE if init dies at this moment.
Fd open_start(const Entry& entry) {
  return Fd(check(kernel::openat(entry.directory(), kStartFifo, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW),
                  "container \"{}\": FIFO \"{}\"", entry.id(), kStartFifo));
}

// After the byte init needs nobody: a start that is killed here has started the container.
void write_byte(const Entry& entry, Fd start) {
  check(kernel::write(start.get(), "", 1), "container \"{}\": FIFO \"{}\"", entry.id(), kStartFifo);
  kernel::unlinkat(entry.directory(), kStartFifo, 0);
}

// Under the container's lock: of two starts one finds it started.
Started give_the_word(const Runtime& runtime, const std::string& id) {
  const std::optional<Entry> entry = Store(runtime.root, false).find(id);
  if (!entry) throw fail("container \"{}\" does not exist", id);
  const std::optional<State> state = entry->read();
  if (!state || !state->ready) refuse(id, "a container that was not completely created");
  std::optional<linux::Process> process = linux::Process::find(state->pid, state->start_time);
  if (!process) refuse(id, "a container that has stopped");
  if (!waits_for_start(*entry)) refuse(id, "an already running container");
  if (linux::cgroups_frozen(state->cgroups)) refuse(id, "a paused container");
  std::optional<Hooks> hooks;
  if (state->poststart) hooks.emplace(oci::parse_config(entry->read_config()), id, state->bundle);
  Fd result = open_result(*entry);
  CompileJob job(*state);
  write_byte(*entry, open_start(*entry));
  return {std::move(result), std::move(*process), std::move(hooks), std::move(job)};
}

// Nothing at end of file: exec, or the engine before the guest's first instruction, closed it.
std::optional<wire::Message> read_record(int result) {
  const trace::Span span("wait for the program to run");
  wire::Message record;
  std::size_t done = 0;
  while (done < sizeof record) {
    const long size = kernel::read(result, reinterpret_cast<char*>(&record) + done, sizeof record - done);
    if (size == -EINTR) continue;
    if (check(size, "FIFO \"{}\"", kResultFifo) == 0) break;
    done += static_cast<std::size_t>(size);
  }
  if (done == 0) return std::nullopt;
  if (done < sizeof record || record.magic != wire::kMessageMagic || record.point != wire::Point::failed)
    throw fail("crumb-init does not keep to the protocol: a record of {} bytes on \"{}\"", done, kResultFifo);
  return record;
}

// The steps again, to name the one that failed: crumb's own copy of the config gives the same Plan.
std::vector<plan::Step> steps_of(const Runtime& runtime, const std::string& id) {
  const Entry entry = Store(runtime.root, false).open(id);
  const std::optional<State> state = entry.read();
  if (!state) return {};
  const Bundle bundle{state->bundle, state->rootfs, {}, oci::parse_config(entry.read_config())};
  CreateOptions options;
  options.id = id;
  return compile_bundle(as_created(runtime, *state), bundle, options).steps;
}

// What a failed hook leaves: the specification goes on with the destruction of the container (runtime.md, Lifecycle).
void destroy(const Runtime& runtime, const std::string& id) {
  try {
    remove(runtime, id, true);
  } catch (const Error& error) {
    log::warning(error.what());
  }
}

void run_poststart_hooks(const Runtime& runtime, const std::string& id, const Started& started) {
  if (!started.hooks) return;
  try {
    started.hooks->started(started.process.pid());
  } catch (const Error&) {
    destroy(runtime, id);
    throw;
  }
}

bool is_hook(const std::vector<plan::Step>& steps, std::size_t index) {
  return index < steps.size() && std::holds_alternative<plan::Hook>(steps[index]);
}

}  // namespace

void start(const Runtime& runtime, const std::string& id) {
  Started started = give_the_word(runtime, id);
  const std::optional<wire::Message> record = read_record(started.result.get());
  if (!record) {
    run_poststart_hooks(runtime, id, started);
    return started.job.start(runtime);
  }
  started.process.wait_end(kLeavingMilliseconds);  // so that the container is stopped when start says why
  const std::vector<plan::Step> steps = steps_of(runtime, id);
  if (is_hook(steps, record->step)) destroy(runtime, id);
  throw failure_of(*record, steps, false);
}

void start_made(const Runtime& runtime, Made& made, bool foreground) {
  if (linux::has_ended(made.pid)) refuse(made.entry.id(), "a container that has stopped");
  const Fd result = open_result(made.entry);
  CompileJob job(made.state);
  write_byte(made.entry, std::move(made.start));
  made.entry.unlock();
  if (const std::optional<wire::Message> record = read_record(result.get()))
    throw failure_of(*record, steps_of(runtime, made.entry.id()), foreground);
  made.init.reset();  // not before: the process that executes the program would have to unmount it
  made.hooks.started(made.pid);
  job.start(runtime);
}

}  // namespace crumb::container
