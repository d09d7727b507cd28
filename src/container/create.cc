#include "container/create.h"

#include <csignal>
#include <functional>

#include "container/bundle.h"
#include "container/compile_later.h"
#include "container/filter.h"
#include "container/hooks.h"
#include "container/launch.h"
#include "container/pidfd_socket.h"
#include "container/scope.h"
#include "container/seccomp_agent.h"
#include "container/store.h"
#include "container/unfinished.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "linux/user_namespace.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

// The option, or crun's annotation.
PidfdSocket pidfd_socket_of(const CreateOptions& options, const oci::Config& config) {
  constexpr char kReceiver[] = "run.oci.pidfd_receiver";
  const auto receiver = config.annotations.find(kReceiver);
  if (!options.pidfd_socket.empty() || receiver == config.annotations.end()) return PidfdSocket(options.pidfd_socket);
  return PidfdSocket(receiver->second, fmt::format("{}: annotations[\"{}\"]", config.name, kReceiver));
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

// Where the hooks that init runs write to, if not to init.
void add_hook_output(const oci::Config& config, plan::Plan& plan, std::uint32_t preserved, std::vector<Fd>& named) {
  if (config.hooks.create_container.empty() && config.hooks.start_container.empty()) return;
  HookOutput output = open_hook_output(config.annotations, config.name);
  for (Fd* fd : {&output.out, &output.err})
    if (*fd) *fd = above_preserved(std::move(*fd), preserved);
  set_hook_output(plan, output);
  for (Fd* fd : {&output.out, &output.err})
    if (*fd) named.push_back(std::move(*fd));
}

}  // namespace

Made make_container(const Runtime& runtime, const CreateOptions& options, bool detach) {
  check_id(options.id);
  settle_descriptors(options.handover);
  Filter filter(runtime);
  const Bundle bundle = load_bundle(options, std::bind_front(&Filter::parse, &filter));
  plan::Plan plan = compile_bundle(runtime, bundle, options);
  for (const std::string& warning : plan.warnings) log::warning(warning);
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): the compiler has refused a container without a process
  Terminal terminal(*bundle.config.process, options.console_socket, detach);
  const PidfdSocket pidfd_socket = pidfd_socket_of(options, bundle.config);
  filter.add(bundle.config, plan);
  SeccompAgent agent(bundle.config);

  Entry entry = Store(runtime.root, true).create(options.id);
  Hooks hooks(bundle.config, options.id, bundle.path);
  Unfinished unfinished(runtime, entry, plan.host, hooks);
  log::debug(
      fmt::format("container \"{}\": {} steps, {} cgroups", options.id, plan.steps.size(), plan.host.cgroup_leaves.size()));
  Entry::Fifos fifos = entry.make_fifos();
  Fd start = above_preserved(std::move(fifos.start), options.handover.count());
  const Fd result = above_preserved(std::move(fifos.result), options.handover.count());

  std::vector<Fd> named = open_idmaps(plan, options.handover.count());
  add_hook_output(bundle.config, plan, options.handover.count(), named);
  const auto make_cgroups = [&](int pid) {
    const trace::Span span("make cgroups");
    linux::create_cgroups(plan.host, pid);
    unfinished.owns_cgroups();
  };
  State state;
  // A process is made in its cgroup of version 2, if that is there: by then it must hold no other. Those of version 1, and the
  // records, are made while the process makes its namespaces.
  const bool unified = std::ranges::any_of(plan.host.cgroup_leaves, &plan::CgroupLeaf::unified);
  const bool cgroups_first = unified && !plan.host.scope;
  if (unified) {
    state = announce(entry, options, bundle, plan);
    entry.write(state);
  }
  if (cgroups_first) make_cgroups(0);
  linux::NewRdtGroup rdt(plan.host.rdt ? &*plan.host.rdt : nullptr, plan.host.document);
  Launch launch(runtime, plan, {start.get(), result.get(), -1, options.handover.count(), numbers_of(named)});
  const auto born = [&](int pid) {
    if (!unified) state = announce(entry, options, bundle, plan);
    record(entry, state, pid);
    start_scope(runtime, plan.host, pid);
    unfinished.owns_scope();
    if (!cgroups_first) make_cgroups(pid);
    rdt.make();
    const trace::Span span("join cgroups");
    launch.join_groups();
  };
  const auto ready = [&](int pid) {
    pidfd_socket.send(pid);
    state.ready = true;
    if (launch.wanted()) state.compile = later(*launch.wanted(), bundle, plan.steps);
    entry.write(state);
  };
  const auto notify = [&](int pid, std::uint64_t listener) {
    agent.send(pid, listener, {state.id, state.bundle, Status::creating, pid});
  };
  const auto mounted = [&](int pid) { hooks.creating(pid); };
  launch.prepare({born, ready, [&](Fd master) { terminal.take(std::move(master)); }, notify, mounted});
  if (!options.pid_file.empty()) replace_file(AT_FDCWD, options.pid_file, std::to_string(launch.pid()), 0644);
  Fd init = launch.release();
  rdt.keep();
  unfinished.finish();
  return {launch.pid(),    std::move(entry),    std::move(state), std::move(start),
          std::move(init), std::move(terminal), std::move(hooks)};
}

void hold_signals() {
  const unsigned long everything = ~0UL;
  check(kernel::rt_sigprocmask(SIG_BLOCK, &everything), "block signals");
}

void create(const Runtime& runtime, const CreateOptions& options) { make_container(runtime, options, true); }

}  // namespace crumb::container
