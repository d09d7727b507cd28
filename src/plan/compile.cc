#include "plan/compile.h"

#include <sched.h>

#include <iterator>

#include "kernel/mount_options.h"
#include "plan/parts.h"
#include "wire/engine_options.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

constexpr std::uint64_t kMostWasmPages = 65536;
// Of a memory limit, kept for crumb-wasm itself: its own data, the guest's operand stack and what it makes of the module's
// code. What a large module needs beyond that is the kernel's limit to enforce.
constexpr std::uint64_t kEngineShare = 4U << 20;

Meet meet(wire::Point point) { return Meet{.point = static_cast<std::uint64_t>(point)}; }

// The namespaces to join and the mask of those to make.
std::uint64_t split_namespaces(const oci::Config& config, JoinPaths& joined) {
  std::uint64_t made = 0;
  for (const oci::Namespace& space : config.linux_.namespaces) {
    if (space.path.empty()) {
      made |= space.type;
      continue;
    }
    joined.types.push_back(space.type);
    joined.paths.push_back(space.path);
  }
  return made;
}

// A mapped root may not be able to walk to it. Joining a mount namespace would leave the directory again.
bool enters_root(const Input& input) { return input.has_namespace(CLONE_NEWUSER) && !input.joins(CLONE_NEWNS); }

void check_config(const Input& input) {
  if (!input.config.process) throw fail("{}: process: missing", input.config.name);
  if (!input.has_namespace(CLONE_NEWNS)) throw input.error("linux.namespaces", "a container needs a \"mount\" namespace");
  check_users(input);
}

// Of the container's own root. Private and slave it is already.
std::uint64_t last_propagation(std::uint64_t asked) { return asked & (MS_SHARED | MS_UNBINDABLE) ? asked : 0; }

constexpr std::uint64_t kUnshared = CLONE_NEWUSER | CLONE_NEWTIME;

// What the first stage does: with crumb's rights in crumb's namespaces, then with those of a root of the container's.
void add_first_stage(const Input& input, const std::vector<Source>& sources, const JoinPaths& joined, std::uint64_t made,
                     std::vector<Step>& steps) {
  steps.insert(steps.end(), sources.begin(), sources.end());
  if (enters_root(input)) steps.emplace_back(EnterRoot{.path = input.surroundings.rootfs});
  if (!joined.types.empty()) steps.emplace_back(joined);
  if (made & kUnshared) {
    steps.emplace_back(Unshare{.namespaces = made & kUnshared});
    steps.emplace_back(meet(wire::Point::map));
  }
  if (input.has_namespace(CLONE_NEWUSER)) steps.emplace_back(NamespaceRoot{});
}

void add_first_process(const Input& input, const std::vector<Source>& sources, std::vector<Step>& steps) {
  JoinPaths joined;
  const std::uint64_t made = split_namespaces(input.config, joined);
  add_first_stage(input, sources, joined, made, steps);
  steps.emplace_back(Fork{.namespaces = made & ~(kUnshared | CLONE_NEWCGROUP)});
  steps.emplace_back(Propagation{.flags = first_propagation(input.config.linux_.rootfs_propagation)});
  steps.emplace_back(Root{.path = input.surroundings.rootfs, .entered = enters_root(input)});
  steps.emplace_back(meet(wire::Point::placed));
  if (made & CLONE_NEWCGROUP) steps.emplace_back(UnshareCgroup{});
  if (!input.config.hostname.empty()) steps.emplace_back(Hostname{.name = input.config.hostname});
  if (!input.config.domainname.empty()) steps.emplace_back(Domainname{.name = input.config.domainname});
}

bool has_labels(const oci::Process& process) { return !process.apparmor_profile.empty() || !process.selinux_label.empty(); }

// Others in the user namespace may search the keyring there, its owner here: so that exec finds it by its name (keyctl(2)).
constexpr std::uint64_t kOwnerSearches = 0x00080000, kOthersSearch = 0x00000008;

}  // namespace

WasmPolicy wasm_policy(const oci::Resources& resources, std::uint32_t listen_fds) {
  WasmPolicy policy{.stack = wire::kDefaultGuestStack, .memory_pages = 0, .listen = listen_fds};
  const std::int64_t limit = resources.memory.limit.value_or(-1);
  if (limit < 0) return policy;
  const std::uint64_t bytes = static_cast<std::uint64_t>(limit);
  const std::uint64_t pages = bytes > kEngineShare ? (bytes - kEngineShare) / kWasmPage : 0;
  policy.memory_pages = std::clamp<std::uint64_t>(pages, 1, kMostWasmPages);
  return policy;
}

Plan compile_create(const oci::Config& config, const Surroundings& surroundings) {
  const Input input{config, surroundings};
  check_config(input);
  check_labels(*config.process, surroundings, config.name + ": process");
  Plan plan;
  add_cgroups(input, plan);
  add_users(input, plan.host);
  std::vector<Source> sources;
  std::vector<Step> filesystem;
  add_filesystem(input, plan.host, sources, filesystem);
  add_first_process(input, sources, plan.steps);
  if (has_labels(*config.process) || !config.linux_.sysctl.empty()) plan.steps.emplace_back(Procfs{});
  add_keyring(*config.process, surroundings, input.has_namespace(CLONE_NEWUSER) ? kOthersSearch : kOwnerSearches, plan.steps);
  std::ranges::move(filesystem, std::back_inserter(plan.steps));
  add_sysctls(input, plan.steps);
  plan.steps.emplace_back(Pivot{.move = surroundings.no_pivot,
                                .readonly = config.root.readonly,
                                .propagation = last_propagation(config.linux_.rootfs_propagation)});
  add_process(*config.process, config.linux_, surroundings, Last::create, denies_setgroups(input), plan);
  plan.wasm = wasm_policy(config.linux_.resources, surroundings.listen_fds);
  return plan;
}

Plan compile_exec(const oci::Process& process, const oci::Linux& container, std::uint64_t pidfd, std::uint64_t namespaces,
                  std::vector<CgroupLeaf> leaves, const Surroundings& surroundings) {
  check_labels(process, surroundings, "process");
  Plan plan;
  plan.host.cgroup_leaves = std::move(leaves);
  if (surroundings.deny_setgroups && !process.user.additional_gids.empty())
    throw fail("process.user.additionalGids: groups cannot be changed in the container's user namespace");
  plan.host.early_oom_score = surroundings.ordinary_user();
  if (plan.host.early_oom_score && process.oom_score_adj) plan.steps.emplace_back(meet(wire::Point::map));
  plan.steps.emplace_back(JoinProcess{.pidfd = pidfd, .types = namespaces});
  if (namespaces & CLONE_NEWUSER) plan.steps.emplace_back(NamespaceRoot{});
  plan.steps.emplace_back(Fork{.namespaces = 0});
  plan.steps.emplace_back(meet(wire::Point::placed));
  if (has_labels(process)) plan.steps.emplace_back(Procfs{});
  add_keyring(process, surroundings, 0, plan.steps);
  add_terminal(process, false, plan.steps);
  add_process(process, container, surroundings, Last::exec, surroundings.deny_setgroups, plan);
  plan.wasm = wasm_policy(container.resources, surroundings.listen_fds);
  return plan;
}

}  // namespace crumb::plan
