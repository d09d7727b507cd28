#include "plan/module.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>

#include <utility>

#include "plan/parts.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

// Who may not mount makes a user namespace, in which the one id that may be mapped without privilege is root.
void add_user_namespace(const Surroundings& surroundings, Plan& plan) {
  if (surroundings.privileged) return;
  plan.host.maps = IdMaps{{{0, surroundings.uid, 1}}, {{0, surroundings.gid, 1}}, true};
  plan.steps.emplace_back(Unshare{.namespaces = CLONE_NEWUSER});
  plan.steps.emplace_back(meet(wire::Point::map));
  plan.steps.emplace_back(NamespaceRoot{});
}

// The directory's place in the container, where nobody reads its name.
std::string place_of(std::size_t index) { return fmt::format("/{}", index); }

Mount bind(const ModuleDirectory& directory, std::size_t index) {
  constexpr std::uint64_t kHarmless = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  return {.source = directory.path,
          .target = place_of(index),
          .flags = wire::kBind | wire::kBindRecursive,
          .set = kHarmless | (directory.writable ? 0 : MOUNT_ATTR_RDONLY)};
}

void add_root(const ModuleRun& run, Plan& plan) {
  plan.steps.emplace_back(Propagation{.flags = first_propagation(0)});
  plan.steps.emplace_back(Root{.path = "/", .fresh = 1});
  for (std::size_t i = 0; i < run.directories.size(); ++i) plan.steps.emplace_back(bind(run.directories[i], i));
  plan.steps.emplace_back(Pivot{.readonly = 1});
}

void add_process(const ModuleRun& run, bool keep_groups, std::vector<Step>& steps) {
  steps.emplace_back(Session{});
  steps.emplace_back(BoundingSet{});
  steps.emplace_back(Credentials{.keep_groups = static_cast<std::uint64_t>(keep_groups)});
  steps.emplace_back(Capabilities{});
  steps.emplace_back(Umask{.mask = run.umask});
  steps.emplace_back(Program{.arguments = run.arguments, .environment = run.environment, .opened = run.file});
  steps.emplace_back(CloseDescriptors{.first = CloseDescriptors{}.first + run.listen_fds});
  steps.emplace_back(NoNewPrivileges{});
  Meet ready = meet(wire::Point::ready);
  ready.tied = 1;
  steps.emplace_back(ready);
  steps.emplace_back(Exec{});
}

// A socket that was handed over belongs to the caller's network, whatever the guest's own is.
WasmPolicy::Network network_of(const ModuleRun& run) {
  if (run.host_network) return WasmPolicy::Network::all;
  return run.listen_fds == 0 ? WasmPolicy::Network::none : WasmPolicy::Network::listen;
}

}  // namespace

Plan compile_module(ModuleRun run, const Surroundings& surroundings) {
  constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  Plan plan;
  plan.host.document = "wasm run";
  add_user_namespace(surroundings, plan);
  plan.steps.emplace_back(Fork{.namespaces = kNamespaces | (run.host_network ? 0 : CLONE_NEWNET)});
  add_root(run, plan);
  add_process(run, !surroundings.privileged || surroundings.deny_setgroups, plan.steps);
  plan.wasm = std::move(run.policy);
  plan.wasm.network = network_of(run);
  plan.wasm.listen = run.listen_fds;
  for (std::size_t i = 0; i < run.directories.size(); ++i)
    plan.wasm.preopens.push_back({place_of(i), run.directories[i].writable, run.directories[i].name});
  return plan;
}

}  // namespace crumb::plan
