#include "container/create.h"

#include <csignal>
#include <ctime>

#include "container/bundle.h"
#include "container/filter.h"
#include "container/launch.h"
#include "container/pidfd_socket.h"
#include "container/store.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/user_namespace.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// Removes what was made of a container, cgroups first: as long as the directory is there, `delete --force` can do it again.
class Unfinished {
 public:
  Unfinished(Entry& entry, const std::vector<plan::CgroupLeaf>& cgroups) : entry_(entry), cgroups_(cgroups) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (finished_) return;
    try {
      if (has_cgroups_) linux::remove_cgroups(cgroups_);
      entry_.remove();
    } catch (const Error& error) {
      log::warning(error.what());
    }
  }

  // Before that the leaves may be somebody else's.
  void owns_cgroups() { has_cgroups_ = true; }
  void finish() { finished_ = true; }

 private:
  Entry& entry_;
  const std::vector<plan::CgroupLeaf>& cgroups_;
  bool has_cgroups_ = false, finished_ = false;
};

// RFC 3339, UTC.
std::string now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  std::tm parts{};
  gmtime_r(&time.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, time.tv_nsec);
}

// What is on disk before anything else is made: enough for `delete --force` to find it.
State first_state(const CreateOptions& options, const Bundle& bundle, const plan::Plan& plan) {
  State state;
  state.id = options.id;
  state.bundle = bundle.path;
  state.rootfs = bundle.rootfs;
  state.created = now();
  state.annotations = bundle.config.annotations;
  state.keyring = !options.no_new_keyring;
  state.cgroups = plan.host.cgroup_leaves;
  return state;
}

// Cgroups that are in use must never get into a state: whoever deletes the container kills all that is in them.
void refuse_used_cgroups(const std::vector<plan::CgroupLeaf>& leaves) {
  if (linux::cgroup_processes(leaves).empty()) return;
  throw fail("config.json: linux.cgroupsPath: cgroup \"{}\" already holds processes", leaves.front().path);
}

void record(const Entry& entry, State& state, int pid) {
  state.pid = pid;
  state.start_time = linux::start_time(pid).value_or(0);
  entry.write(state);
}

// The user namespaces of idmapped mounts, whose numbers their steps are told.
std::vector<Fd> open_idmaps(plan::Plan& plan, std::uint32_t preserved) {
  std::vector<Fd> namespaces;
  for (const plan::Idmap& idmap : plan.host.idmaps) {
    namespaces.push_back(above_preserved(linux::open_user_namespace(idmap), preserved));
    plan::source_of(plan.steps, idmap.source)->idmap = static_cast<std::uint64_t>(namespaces.back().get());
  }
  return namespaces;
}

std::vector<int> numbers(const std::vector<Fd>& descriptors) {
  std::vector<int> result;
  for (const Fd& fd : descriptors) result.push_back(fd.get());
  return result;
}

}  // namespace

Made make_container(const Runtime& runtime, const CreateOptions& options, bool detach) {
  check_id(options.id);
  settle_descriptors(options.handover);
  const Bundle bundle = load_bundle(options);
  plan::Plan plan = compile_bundle(runtime, bundle, options);
  for (const std::string& warning : plan.warnings) log::warning(warning);
  Terminal terminal(*bundle.config.process, options.console_socket, detach);
  const PidfdSocket pidfd_socket(options.pidfd_socket);
  add_filter(runtime, bundle.config, plan);

  Entry entry = Store(runtime.root, true).create(options.id);
  Unfinished unfinished(entry, plan.host.cgroup_leaves);
  refuse_used_cgroups(plan.host.cgroup_leaves);
  log::debug(
      fmt::format("container \"{}\": {} steps, {} cgroups", options.id, plan.steps.size(), plan.host.cgroup_leaves.size()));
  State state = first_state(options, bundle, plan);
  entry.write(state);
  entry.write_config(bundle.text);
  Entry::Fifos fifos = entry.make_fifos();
  const Fd start = above_preserved(std::move(fifos.start), options.handover.count());
  const Fd result = above_preserved(std::move(fifos.result), options.handover.count());

  const std::vector<Fd> namespaces = open_idmaps(plan, options.handover.count());
  Launch launch(runtime, plan, {start.get(), result.get(), -1, options.handover.count(), numbers(namespaces)});
  const auto born = [&](int pid) {
    record(entry, state, pid);
    linux::create_cgroups(plan.host);
    unfinished.owns_cgroups();
  };
  const auto ready = [&](int pid) {
    pidfd_socket.send(pid);
    state.ready = true;
    entry.write(state);
  };
  launch.prepare({born, ready, [&](Fd master) { terminal.take(std::move(master)); }});
  if (!options.pid_file.empty()) replace_file(AT_FDCWD, options.pid_file, std::to_string(launch.pid()), 0644);
  launch.release();
  unfinished.finish();
  return {launch.pid(), std::move(terminal)};
}

void hold_signals() {
  const unsigned long everything = ~0UL;
  check(kernel::rt_sigprocmask(SIG_BLOCK, &everything), "block signals");
}

void create(const Runtime& runtime, const CreateOptions& options) { make_container(runtime, options, true); }

}  // namespace crumb::container
