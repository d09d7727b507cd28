#include "container/launch.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <limits>

#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/directory.h"
#include "linux/executable.h"
#include "linux/memory_file.h"
#include "linux/process.h"
#include "linux/user_namespace.h"
#include "wasm/guest.h"

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

bool limits_memory(const plan::Plan& plan) {
  for (const plan::CgroupWrite& write : plan.host.cgroup_writes)
    if (write.place == "linux.resources.memory.limit") return true;
  return false;
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
  init_end_ = above_preserved(std::move(init_end_), inheritance.preserved);
  const plan::Descriptors numbers{init_end_.get(), inheritance.start, inheritance.result};
  const std::string bytes = plan::encode(plan_.steps, numbers);
  const Fd memory = above_preserved(linux::sealed_memory_file("crumb-plan", bytes), inheritance.preserved);
  const Fd program = above_preserved(linux::open_executable(runtime_.init_path), inheritance.preserved);
  report_ = inheritance.result >= 0 ? inheritance.result : numbers.sync;

  std::vector<int> inherited{memory.get(), numbers.sync};
  for (const int fd : {inheritance.start, inheritance.result, inheritance.pidfd})
    if (fd >= 0) inherited.push_back(fd);
  inherited.insert(inherited.end(), inheritance.others.begin(), inheritance.others.end());
  first_stage_ = linux::spawn(program.get(), {"crumb-init", std::to_string(memory.get())}, inherited);
  init_end_.reset();
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

Answer Launch::place() {
  linux::join_cgroups(plan_.host.cgroup_leaves, pid_, plan_.host.cgroup_fallback);
  linux::set_limits(pid_, plan_.host.rlimits);
  if (plan_.host.oom_score_adj && !plan_.host.early_oom_score) linux::set_oom_score_adj(pid_, *plan_.host.oom_score_adj);
  return {};
}

Answer Launch::judge_program(Question& question) {
  if (question.value > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    throw fail("crumb-init does not keep to the protocol: descriptor {} at \"program\"", question.value);
  const wasm::Program program{question.descriptor.get(), static_cast<int>(question.value), question.text, report_,
                              linux::is_own_namespace(fmt::format("/proc/{}/ns/user", pid_), CLONE_NEWUSER)};
  wasm::Guest guest = wasm::prepare_guest(program, plan_.wasm, {runtime_.engine_path, runtime_.code_cache});
  Answer answer{wire::kWasm, {}};
  answer.descriptors.push_back(std::move(guest.engine));
  answer.descriptors.push_back(std::move(guest.options));
  if (guest.code) answer.descriptors.push_back(std::move(guest.code));
  return answer;
}

void Launch::prepare(const Records& records) {
  const Handlers handlers{
      {Point::map, [&](Question&) { return map(); }},
      {Point::pid, [&](Question& question) { return adopt(question.value), records.born(pid_), Answer{}; }},
      {Point::placed, [&](Question&) { return place(); }},
      {Point::console, [&](Question& question) { return records.console(std::move(question.descriptor)), Answer{}; }},
      {Point::program, [&](Question& question) { return judge_program(question); }},
      {Point::ready, [&](Question&) { return end(first_stage_), records.ready(pid_), Answer{}; }},
  };
  if (!session_.prepare(handlers)) throw obituary();
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
