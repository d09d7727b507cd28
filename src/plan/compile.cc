#include "plan/compile.h"

#include <sched.h>

#include <algorithm>
#include <iterator>

#include "kernel/mount_options.h"
#include "plan/parts.h"
#include "plan/wasm_policy.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

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
  if (!input.config.hostname.empty()) steps.emplace_back(Hostname{.name = input.config.hostname});
  if (!input.config.domainname.empty()) steps.emplace_back(Domainname{.name = input.config.domainname});
}

// What is made of the container's cgroups, or what its memory limit is for.
bool needs_cgroups(const Input& input, const Mount& mount) {
  const auto lies_on = [&](const CgroupHierarchy& hierarchy) { return mount.source.starts_with(hierarchy.mountpoint); };
  if (mount.type == "cgroup" || mount.type == "cgroup2" || (mount.flags & wire::kCopyUp)) return true;
  return (mount.flags & wire::kBind) && std::ranges::any_of(input.surroundings.cgroups.hierarchies, lies_on);
}

// As late as it may be: the host is busy with the cgroups meanwhile. `mounted` and `console` are later points than this one,
// and hooks are the container's.
void add_placed(const Input& input, const Host& host, std::vector<Step>& filesystem) {
  const auto first = std::ranges::find_if(filesystem, [&](const Step& step) {
    const auto* const mount = std::get_if<Mount>(&step);
    const bool later = std::holds_alternative<Terminal>(step) || std::holds_alternative<Meet>(step);
    return later || std::holds_alternative<Hook>(step) || (mount && needs_cgroups(input, *mount));
  });
  std::vector<Step> placed{meet_placed(input.process(), host, input.surroundings)};
  if (input.has_namespace(CLONE_NEWCGROUP) && !input.joins(CLONE_NEWCGROUP)) placed.emplace_back(UnshareCgroup{});
  filesystem.insert(first, placed.begin(), placed.end());
}

// By the annotations of other runtimes. What exec runs is judged by its content alone: a shell in such a container is one.
void require_module(const oci::Config& config, std::vector<Step>& steps) {
  for (Step& step : steps)
    if (auto* const program = std::get_if<Program>(&step)) program->module = module_annotation(config);
}

bool has_labels(const oci::Process& process) { return !process.apparmor_profile.empty() || !process.selinux_label.empty(); }

// Others in the user namespace may search the keyring there, its owner here: so that exec finds it by its name (keyctl(2)).
constexpr std::uint64_t kOwnerSearches = 0x00080000, kOthersSearch = 0x00000008;

}  // namespace

Plan compile_create(const oci::Config& config, const Surroundings& surroundings) {
  const Input input{config, surroundings};
  check_config(input);
  check_labels(input.process(), surroundings, config.name + ": process");
  Plan plan;
  add_cgroups(input, plan);
  add_users(input, plan.host);
  add_net_devices(input, plan.host);
  add_intel_rdt(input, plan.host);
  constexpr std::size_t kUsual = 64;  // steps
  plan.steps.reserve(kUsual);
  std::vector<Source> sources;
  std::vector<Step> filesystem;
  filesystem.reserve(kUsual);
  add_filesystem(input, plan.host, sources, filesystem);
  add_placed(input, plan.host, filesystem);
  add_first_process(input, sources, plan.steps);
  if (has_labels(input.process()) || !config.linux_.sysctl.empty()) plan.steps.emplace_back(Procfs{});
  add_keyring(input.process(), surroundings, input.has_namespace(CLONE_NEWUSER) ? kOthersSearch : kOwnerSearches, plan.steps);
  std::ranges::move(filesystem, std::back_inserter(plan.steps));
  add_sysctls(input, plan.steps);
  plan.steps.emplace_back(Pivot{.move = surroundings.no_pivot,
                                .readonly = config.root.readonly,
                                .propagation = last_propagation(config.linux_.rootfs_propagation)});
  const bool keep_groups = denies_setgroups(input) || keeps_original_groups(config.annotations);
  add_process(input.process(), config.linux_, surroundings, Last::create, start_hooks(input), keep_groups, plan);
  require_module(config, plan.steps);
  plan.wasm =
      wasm_policy(config, input.has_foreign_namespace(CLONE_NEWNET), surroundings.listen_fds, surroundings.preserve_fds);
  add_unknown_annotations(config, plan.warnings);
  return plan;
}

Plan compile_exec(const oci::Process& process, const oci::Config& container, std::uint64_t pidfd, std::uint64_t namespaces,
                  std::vector<CgroupLeaf> leaves, const Surroundings& surroundings) {
  check_labels(process, surroundings, "process");
  Plan plan;
  plan.host.cgroup_leaves = std::move(leaves);
  plan.host.affinity = process.exec_affinity.value_or(oci::CpuAffinity{});
  if (surroundings.deny_setgroups && !process.user.additional_gids.empty())
    throw fail("process.user.additionalGids: groups cannot be changed in the container's user namespace");
  plan.host.early_oom_score = surroundings.ordinary_user();
  if (plan.host.early_oom_score && process.oom_score_adj) plan.steps.emplace_back(meet(wire::Point::map));
  plan.steps.emplace_back(JoinProcess{.pidfd = pidfd, .types = namespaces});
  if (namespaces & CLONE_NEWUSER) plan.steps.emplace_back(NamespaceRoot{});
  plan.steps.emplace_back(Fork{.namespaces = 0});
  plan.steps.emplace_back(meet_placed(process, plan.host, surroundings));
  if (has_labels(process)) plan.steps.emplace_back(Procfs{});
  add_keyring(process, surroundings, 0, plan.steps);
  add_terminal(process, false, plan.steps);
  add_process(process, container.linux_, surroundings, Last::exec, {}, surroundings.deny_setgroups || surroundings.keep_groups,
              plan);
  plan.wasm = wasm_policy(container, (namespaces & CLONE_NEWNET) != 0, surroundings.listen_fds, surroundings.preserve_fds);
  return plan;
}

}  // namespace crumb::plan
