#include <boost/json.hpp>
#include <csignal>
#include <optional>

#include "container/bundle.h"
#include "container/create.h"
#include "container/criu.h"
#include "container/criu_root.h"
#include "container/hooks.h"
#include "container/launch.h"
#include "container/scope.h"
#include "container/store.h"
#include "container/terminal.h"
#include "container/unfinished.h"
#include "kernel/namespaces.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "plan/external.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::container {
namespace {

namespace criu = linux::criu;

constexpr char kLogFile[] = "restore.log";
constexpr char kWhat[] = "restore";

// The container's process, a child of crumb: killed and reaped unless it is released.
class RestoredProcess {
 public:
  RestoredProcess(const Entry& entry, State& state) : entry_(entry), state_(state) {}
  ~RestoredProcess() {
    if (released_ || state_.pid == 0) return;
    try {
      if (const auto process = linux::Process::find(state_.pid, state_.start_time)) process->send_signal(SIGKILL);
      linux::kill_cgroups(state_.cgroups, SIGKILL);  // thaws: a frozen process does not die
      linux::reap(state_.pid);
    } catch (const Error&) {
      // Criu has reaped it.
    }
  }
  RestoredProcess(const RestoredProcess&) = delete;
  RestoredProcess& operator=(const RestoredProcess&) = delete;

  void made(int pid, bool ready) {
    state_.ready = ready;
    record(entry_, state_, pid);
  }
  int pid() const { return state_.pid; }
  void release() { released_ = true; }

 private:
  const Entry& entry_;
  State& state_;
  bool released_ = false;
};

void add_external_mounts(const Bundle& bundle, const plan::Plan& plan, criu::Options& options) {
  const Fd rootfs(
      check(kernel::openat(AT_FDCWD, bundle.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "{}", bundle.rootfs));
  bool masked = false;
  for (const plan::ExternalMount& mount : plan::external_mounts(plan.steps)) {
    masked = masked || mount.mask;
    if (mount.mask) continue;
    const std::string target = resolved_target(rootfs.get(), bundle.rootfs, mount.target);
    options.external.push_back(fmt::format("mnt[{}]:{}", target, mount.source));
  }
  if (masked) options.external.emplace_back("mnt[/dev/null]:/dev/null");
}

std::string_view kernel_name(std::uint64_t type) {
  for (const kernel::NamespaceName& name : kernel::kNamespaces)
    if (name.type == type) return name.file;
  return {};
}

// Descriptors of those namespaces of which the images hold nothing; the others that have a path are joined there.
std::vector<Fd> add_namespaces(const std::vector<oci::Namespace>& namespaces, criu::Options& options) {
  std::vector<Fd> open;
  for (const oci::Namespace& space : namespaces) {
    if (space.path.empty()) continue;
    if (space.type == CLONE_NEWCGROUP) throw fail("namespace {}: criu cannot join a cgroup namespace", space.path);
    const std::string key = external_namespace(space.type);
    if (key.empty()) {
      options.joined.push_back({std::string(kernel_name(space.type)), space.path});
      continue;
    }
    open.push_back(above_preserved(
        Fd(check(kernel::openat(AT_FDCWD, space.path.c_str(), O_RDONLY | O_CLOEXEC), "namespace {}", space.path)), 0));
    options.inherited.push_back({key, open.back().get()});
  }
  return open;
}

// Pipes that the process had from outside are replaced by what crumb itself has there.
void add_pipes(const CheckpointDirectories& directories, criu::Options& options) {
  const std::string name = directories.images_path() + "/" + kDescriptorsFile;
  const json::Document document = json::Document::parse(read_file(directories.images(), kDescriptorsFile), name);
  const std::vector<std::string> targets = document.root().strings();
  if (targets.size() > 3) throw fail("{}: {} descriptors, and 3 are the most", name, targets.size());
  for (std::size_t number = 0; number < targets.size(); ++number)
    if (targets[number].starts_with("pipe:")) options.inherited.push_back({targets[number], static_cast<int>(number)});
}

// Where criu is, and so what it makes: "4:cpu,cpuacct:/web", "0::/web"
std::vector<criu::CgroupRoot> cgroups_of(int pid) {
  std::vector<criu::CgroupRoot> roots;
  const std::string text = read_file(fmt::format("/proc/{}/cgroup", pid));
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    for (const std::string_view controller : split(line.substr(first + 1, second - first - 1), ','))
      roots.push_back({std::string(controller), std::string(line.substr(second + 1))});
  }
  return roots;
}

struct Listening {
  const Hooks& hooks;
  RestoredProcess& process;
  Terminal& terminal;
};

void listen(criu::Notice& notice, const Listening& to) {
  log::debug(fmt::format("criu: {}", notice.script));
  if (notice.script == "setup-namespaces") {
    to.process.made(notice.pid, false);
    to.hooks.creating(notice.pid);
  }
  if (notice.script == "post-restore") to.process.made(notice.pid, true);
  if (notice.script == "orphan-pts-master" && notice.descriptor) to.terminal.take(std::move(notice.descriptor));
}

criu::Options restore_options(const RestoreOptions& asked, const Bundle& bundle) {
  criu::Options options = criu_options(asked.criu, bundle);
  options.log_file = kLogFile;
  options.evasive_devices = options.rst_sibling = true;
  options.lsm_profile = asked.lsm_profile;
  options.lsm_mount_context = asked.lsm_mount_context;
  return options;
}

// Criu is moved to the container's cgroups and RDT group first: what it makes is born there.
void run_criu(criu::Program& program, const plan::Plan& plan, criu::Options& options, const Listening& listening,
              const std::string& id, const std::string& log) {
  criu::Answer answer;
  if (!plan.host.cgroup_leaves.empty()) {
    linux::join_cgroups(plan.host.cgroup_leaves, program.pid());
    options.cgroup_roots = cgroups_of(program.pid());
  }
  if (plan.host.rdt) linux::join_rdt(*plan.host.rdt, program.pid());
  try {
    answer = program.ask(criu::encode(criu::Type::restore, options), [&](criu::Notice& notice) { listen(notice, listening); });
  } catch (const Error& error) {
    throw criu_failure(error.what(), id, kWhat, log);
  }
  require_success(answer, id, kWhat, log);
  if (listening.process.pid() != answer.pid)
    throw fail("container \"{}\": criu has restored process {}, not {}", id, answer.pid, listening.process.pid());
}

struct Restored {
  int pid;  // of the container's process, a child of crumb
  Terminal terminal;
};

Restored restore_container(const Runtime& runtime, const RestoreOptions& asked) {
  const CreateOptions& create = asked.create;
  check_id(create.id);
  settle_descriptors({});
  const Bundle bundle = load_bundle(create);
  const plan::Plan plan = compile_bundle(runtime, bundle, create);
  const std::string criu = find_criu(kWhat);
  const CheckpointDirectories directories(asked.criu, false);
  criu::Options options = restore_options(asked, bundle);
  directories.tell(options);
  const std::vector<Fd> namespaces = add_namespaces(bundle.config.linux_.namespaces, options);
  add_pipes(directories, options);
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): the compiler has refused a container without a process
  Terminal terminal(*bundle.config.process, create.console_socket, asked.detach);

  Entry entry = Store(runtime.root, true).create(create.id);
  const Hooks hooks(bundle.config, create.id, bundle.path);
  Unfinished unfinished(runtime, entry, plan.host, hooks);
  State state = announce(entry, create, bundle, plan);
  entry.write(state);
  linux::NewRdtGroup rdt(plan.host.rdt ? &*plan.host.rdt : nullptr, plan.host.document);
  RestoredProcess process(entry, state);
  {
    const CriuRoot root(entry, bundle.rootfs, plan.steps);
    options.root = root.path();
    add_external_mounts(bundle, plan, options);
    criu::Program program(criu, criu::Program::Streams::own, numbers_of(namespaces));
    start_scope(runtime, plan.host, program.pid());
    unfinished.owns_scope();
    linux::create_cgroups(plan.host, program.pid());
    unfinished.owns_cgroups();
    rdt.make();
    run_criu(program, plan, options, {hooks, process, terminal}, create.id, directories.log_path(kLogFile));
  }
  if (!create.pid_file.empty()) replace_file(AT_FDCWD, create.pid_file, std::to_string(process.pid()), 0644);
  hooks.started(process.pid());
  process.release();
  rdt.keep();
  unfinished.finish();
  return {process.pid(), std::move(terminal)};
}

}  // namespace

int restore(const Runtime& runtime, const RestoreOptions& options) {
  if (!options.detach) hold_signals();
  Restored restored = restore_container(runtime, options);
  if (options.detach) return 0;
  const int code = restored.terminal.wait(restored.pid);
  remove(runtime, options.create.id, true);
  return code;
}

}  // namespace crumb::container
