#include "container/launch.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <limits>

#include "kernel/call.h"
#include "linux/background.h"
#include "linux/cgroup.h"
#include "linux/cgroup_bounds.h"
#include "linux/directory.h"
#include "linux/executable.h"
#include "linux/memory_file.h"
#include "linux/network_devices.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "linux/scheduling.h"
#include "linux/spawn_first.h"
#include "linux/user_namespace.h"
#include "plan/text.h"
#include "support/trace.h"
#include "wasm/guest.h"
#include "wire/times.h"

namespace crumb::container {
namespace {

using wire::Point;

constexpr std::uint32_t kFirstPreserved = 3;

// Before Linux 5.11 close_range knows no CLOSE_RANGE_CLOEXEC.
void mark_each_descriptor(std::uint32_t first) {
  constexpr char kOpen[] = "/proc/self/fd";
  const Fd directory(check(kernel::openat(AT_FDCWD, kOpen, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{}", kOpen));
  for (const linux::Entry& entry : linux::entries(directory.get(), kOpen)) {
    std::uint32_t number = 0;
    std::from_chars(entry.name.data(), entry.name.data() + entry.name.size(), number);
    if (number >= first) kernel::fcntl(static_cast<int>(number), F_SETFD, FD_CLOEXEC);
  }
}

void require_open(std::uint32_t first, std::uint32_t count, const char* what) {
  constexpr std::uint32_t kMost = 1U << 20;
  if (count > kMost) throw fail("{} {}: too many", what, count);
  for (std::uint32_t number = first; number < first + count; ++number) {
    const long flags = kernel::fcntl(static_cast<int>(number), F_GETFD);
    if (flags < 0 || flags & FD_CLOEXEC) throw fail("{} {}: descriptor {} is not open", what, count, number);
  }
}

// The module was opened by crumb itself, and is no file of a filesystem that the container has mounted.
bool is_own_file(const plan::Plan& plan) {
  return std::ranges::any_of(plan.steps, [](const plan::Step& step) {
    const auto* const program = std::get_if<plan::Program>(&step);
    return program != nullptr && program->opened != 0;
  });
}

bool limits_memory(const plan::Plan& plan) {
  for (const plan::CgroupWrite& write : plan.host.cgroup_writes)
    if (write.place == "linux.resources.memory.limit") return true;
  return false;
}

// Without having asked.
bool awaits_placed(const std::vector<plan::Step>& steps) {
  return std::ranges::any_of(steps, [](const plan::Step& step) {
    const auto* const await = std::get_if<plan::Await>(&step);
    return await != nullptr && await->point == static_cast<std::uint64_t>(Point::placed);
  });
}

// Namespaces that count for children only, or that the rights to others come with.
bool needs_first_stage(const plan::Step& step) {
  constexpr std::uint64_t kBefore = CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWPID;
  const auto* const joined = std::get_if<plan::JoinPaths>(&step);
  const bool joins = joined && std::ranges::any_of(joined->types, [](std::uint64_t type) { return (type & kBefore) != 0; });
  return joins || std::holds_alternative<plan::Unshare>(step) || std::holds_alternative<plan::JoinProcess>(step);
}

// The step of the process that crumb can make itself, in its pid namespace. Null when there is none.
const plan::Fork* first_process(const std::vector<plan::Step>& steps) {
  for (const plan::Step& step : steps) {
    if (needs_first_stage(step)) return nullptr;
    if (const auto* const fork = std::get_if<plan::Fork>(&step)) return fork->namespaces & CLONE_NEWPID ? fork : nullptr;
  }
  return nullptr;
}

}  // namespace

int first_unpreserved(std::uint32_t preserved) { return static_cast<int>(kFirstPreserved + preserved); }

Fd above_preserved(Fd fd, std::uint32_t preserved) {
  const int first = first_unpreserved(preserved);
  if (fd.get() >= first) return fd;
  return Fd(check(kernel::fcntl(fd.get(), F_DUPFD_CLOEXEC, first), "descriptor above {} preserved ones", preserved));
}

void settle_descriptors(const Handover& handover) {
  require_open(kFirstPreserved, handover.listen_fds, "LISTEN_FDS");
  require_open(kFirstPreserved + handover.listen_fds, handover.preserve_fds, "--preserve-fds");
  const std::uint32_t first = kFirstPreserved + handover.count();
  const long result = kernel::close_range(first, std::numeric_limits<unsigned>::max(), CLOSE_RANGE_CLOEXEC);
  if (result < 0) mark_each_descriptor(first);
}

Launch::Launch(const Runtime& runtime, const plan::Plan& plan, std::pair<linux::Channel, Fd> sync)
    : runtime_(runtime),
      plan_(plan),
      sync_(std::move(sync.first)),
      init_end_(std::move(sync.second)),
      session_(sync_, plan.steps) {}

Launch::Launch(const Runtime& runtime, const plan::Plan& plan, const Inheritance& inheritance)
    : Launch(runtime, plan, linux::Channel::pair()) {
  spawn(inheritance);
}

void Launch::spawn(const Inheritance& inheritance) {
  const trace::Span span("spawn crumb-init");
  init_end_ = above_preserved(std::move(init_end_), inheritance.preserved);
  if (trace::wanted()) {
    const std::size_t size = plan_.steps.size() * sizeof(wire::StepTimes);
    times_ = above_preserved(linux::shared_memory_file("crumb-times", size), inheritance.preserved);
  }
  Fd cgroup = linux::unified_cgroup(plan::joined_cgroups(plan_.host));
  if (cgroup) cgroup = above_preserved(std::move(cgroup), inheritance.preserved);
  const plan::Fork* const first = first_process(plan_.steps);
  const plan::Descriptors numbers{init_end_.get(), inheritance.start, inheritance.result, times_.get(),
                                  first ? -1 : cgroup.get()};
  const std::string bytes = plan::encode(plan_.steps, numbers);
  const Fd memory = above_preserved(linux::sealed_memory_file("crumb-plan", bytes), inheritance.preserved);
  program_ = above_preserved(linux::open_executable(runtime_.init_path), inheritance.preserved);
  report_ = inheritance.result >= 0 ? inheritance.result : numbers.sync;

  std::vector<int> inherited{memory.get(), numbers.sync};
  for (const int fd : {inheritance.start, inheritance.result, inheritance.pidfd, times_.get(), numbers.cgroup})
    if (fd >= 0) inherited.push_back(fd);
  inherited.insert(inherited.end(), inheritance.others.begin(), inheritance.others.end());
  linux::set_affinity(0, plan_.host.affinity.initial, "initial");
  start(first, {"crumb-init", std::to_string(memory.get())}, inherited, cgroup.get());
  init_end_.reset();
}

// The container's process itself, or the first stage that makes it.
void Launch::start(const plan::Fork* first, const std::vector<std::string>& arguments, const std::vector<int>& inherited,
                   int cgroup) {
  if (!first) {
    first_stage_ = linux::spawn(program_.get(), arguments, inherited);
    return;
  }
  const long child = linux::spawn_first(program_.get(), arguments, inherited, cgroup);
  const int error = static_cast<int>(-child);
  if (error > 0) throw Error(plan::failure(*first, error, ""), plan::failure_exit_code(*first, error));
  pid_ = static_cast<int>(child);
  session_.expect_no_pid();
}

Launch::~Launch() {
  end(first_stage_);
  if (!released_) end(pid_);
}

// Kills (a process that is ending already keeps its own status) and reaps. Both are children of ours that nobody else waits
// for, so the number is theirs until then. 128+n after signal n.
int Launch::end(int& process) {
  if (process == 0) return 0;
  const int pid = std::exchange(process, 0);
  kernel::kill(pid, SIGKILL);
  try {
    return linux::reap(pid);
  } catch (const Error&) {
    return 0;  // not ours after all: nothing to reap
  }
}

void Launch::adopt(std::uint64_t number) {
  const bool sane = number > 1 && number <= static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  // Looks whether it is a child of ours and leaves it to be reaped.
  siginfo_t info;
  if (!sane || kernel::waitid(P_PID, static_cast<int>(number), &info, WEXITED | WNOHANG | WNOWAIT) < 0)
    throw fail("crumb-init reports process {}, which is not a child of crumb", number);
  pid_ = static_cast<int>(number);
}

// Of the first stage; the container's process inherits all of it.
Answer Launch::map() {
  const plan::Host& host = plan_.host;
  if (host.maps) linux::write_id_maps(first_stage_, *host.maps);
  linux::write_time_offsets(first_stage_, host.time_offsets);
  if (host.early_oom_score && host.oom_score_adj) linux::set_oom_score_adj(first_stage_, *host.oom_score_adj);
  return {};
}

void Launch::born(const Records& records) {
  records.born(pid_);
  if (awaits_placed(plan_.steps)) session_.tell(Point::placed, [this] { return place(); });
}

Answer Launch::place() {
  linux::set_limits(pid_, plan_.host.rlimits);
  if (plan_.host.oom_score_adj && !plan_.host.early_oom_score) linux::set_oom_score_adj(pid_, *plan_.host.oom_score_adj);
  linux::move_network_devices(plan_.host, pid_);
  // Behind the cgroups: they say which CPUs there are, and how much time for real-time processes.
  linux::set_affinity(pid_, plan_.host.affinity.final_, "final");
  if (plan_.host.scheduler) linux::set_scheduler(pid_, *plan_.host.scheduler);
  if (plan_.host.io_priority) linux::set_io_priority(pid_, *plan_.host.io_priority);
  return std::move(entrances_);
}

// While a module is compiled before it starts, which may take minutes.
const char* Launch::why_not_wait() const {
  if (linux::is_asked_to_end()) return "crumb was asked to end";
  return linux::has_ended(pid_) ? "the container's process has ended" : nullptr;
}

Answer Launch::judge_program(Question& question) {
  if (question.value > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    throw fail("crumb-init does not keep to the protocol: descriptor {} at \"program\"", question.value);
  const wasm::Program program{
      question.descriptor.get(), static_cast<int>(question.value), question.text, report_,
      is_own_file(plan_) || linux::is_own_namespace(fmt::format("/proc/{}/ns/user", pid_), CLONE_NEWUSER)};
  const plan::WasmPolicy policy = plan::within(plan_.wasm, linux::cgroup_bounds(plan::joined_cgroups(plan_.host)));
  wasm::Guest guest =
      wasm::prepare_guest(program, policy, {runtime_.engine_path, runtime_.code_cache, [this] { return why_not_wait(); }});
  if (guest.wanted) wanted_ = Wanted{std::move(*guest.wanted), program.number, std::move(question.descriptor)};
  Answer answer{.value = wire::kWasm};
  answer.descriptors.push_back(std::move(guest.engine));
  answer.descriptors.push_back(std::move(guest.options));
  if (guest.code) answer.descriptors.push_back(std::move(guest.code));
  return answer;
}

void Launch::prepare(const Records& records) {
  Handlers handlers{
      {Point::map, [&](Question&) { return map(); }},
      {Point::pid, [&](Question& question) { return adopt(question.value), born(records), Answer{}; }},
      {Point::placed, [&](Question&) { return place(); }},
      {Point::console, [&](Question& question) { return records.console(std::move(question.descriptor)), Answer{}; }},
      {Point::program, [&](Question& question) { return judge_program(question); }},
      {Point::seccomp, [&](Question& question) { return records.seccomp(pid_, question.value), Answer{}; }},
      {Point::ready, [&](Question&) { return end(first_stage_), records.ready(pid_), Answer{}; }},
  };
  if (pid_ != 0) {
    handlers.erase(Point::map);
    handlers.erase(Point::pid);
    born(records);
  }
  if (records.mounted) handlers[Point::mounted] = [&](Question&) { return records.mounted(pid_), Answer{}; };
  if (!session_.prepare(handlers)) throw obituary();
  trace_steps();
}

// All but those behind the filter and after `ready`.
void Launch::trace_steps() {
  if (!times_) return;
  std::vector<wire::StepTimes> times(plan_.steps.size());
  const auto size = static_cast<long>(times.size() * sizeof(wire::StepTimes));
  if (kernel::pread64(times_.get(), times.data(), static_cast<unsigned long>(size), 0) != size) return;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i].ended != 0) trace::add(pid_, "crumb-init", plan::describe(plan_.steps[i]), times[i].begun, times[i].ended);
  }
}

void Launch::await_program(bool foreground) { session_.await_program(foreground); }

Error Launch::obituary() {
  const std::string position = session_.position();
  const int code = end(pid_ != 0 ? pid_ : first_stage_);
  if (code <= 128) return fail("crumb-init ended {} with exit code {}", position, code);
  const char* hint = code == 128 + SIGKILL && limits_memory(plan_) ? "; is linux.resources.memory.limit too small?" : "";
  return fail("crumb-init was killed by signal {} {}{}", code - 128, position, hint);
}

}  // namespace crumb::container
