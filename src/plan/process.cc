#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "kernel/capabilities.h"
#include "plan/parts.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

constexpr std::uint64_t kDefaultUmask = 0022;
constexpr std::uint64_t kFirstInherited = 3;

std::string capability_name(int number) { return std::string(kernel::kCapabilities[number]); }

// A set without what cannot be granted: the specification wants a warning for that, not an error (config.md, Linux Process).
std::uint64_t granted(std::uint64_t set, std::uint64_t possible, std::string_view name, std::string_view reason, Plan& plan) {
  std::string left_out;
  for (std::uint64_t rest = set & ~possible; rest != 0; rest &= rest - 1)
    left_out += (left_out.empty() ? "" : ", ") + capability_name(__builtin_ctzll(rest));
  if (!left_out.empty())
    plan.warnings.push_back(fmt::format("process.capabilities.{}: left out: {}: {}", name, left_out, reason));
  return set & possible;
}

oci::Capabilities grantable(const oci::Capabilities& asked, const Surroundings& surroundings, Plan& plan) {
  constexpr char kUnknown[] = "unknown to this kernel";
  const std::uint64_t known = surroundings.last_capability >= 63 ? ~0ULL : (2ULL << surroundings.last_capability) - 1;
  oci::Capabilities sets;
  sets.bounding = granted(asked.bounding, known, "bounding", kUnknown, plan);
  sets.effective = granted(asked.effective, known, "effective", kUnknown, plan);
  sets.inheritable = granted(asked.inheritable, known, "inheritable", kUnknown, plan);
  sets.permitted = granted(asked.permitted, known, "permitted", kUnknown, plan);
  sets.ambient =
      granted(asked.ambient & known, sets.permitted & sets.inheritable, "ambient", "not both permitted and inheritable", plan);
  return sets;
}

bool has_home(const oci::Process& process) {
  constexpr std::string_view kHome = "HOME=";
  return std::any_of(process.env.begin(), process.env.end(),
                     [&](const std::string& entry) { return entry.starts_with(kHome) && entry.size() > kHome.size(); });
}

void set_variable(std::vector<std::string>& environment, const std::string& name_and_equals, const std::string& value) {
  std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name_and_equals); });
  environment.push_back(name_and_equals + value);
}

// Socket activation (sd_listen_fds(3)): what the program is told of the descriptors that it gets. LISTEN_PID only init knows.
Program program(const oci::Process& process, const Surroundings& surroundings) {
  Program step{.arguments = process.args, .environment = process.env, .home = !has_home(process)};
  if (surroundings.listen_fds == 0) return step;
  set_variable(step.environment, "LISTEN_FDS=", std::to_string(surroundings.listen_fds));
  if (!surroundings.listen_names.empty()) set_variable(step.environment, "LISTEN_FDNAMES=", surroundings.listen_names);
  step.listen_pid = 1;
  return step;
}

Credentials credentials(const oci::User& user, bool keep_groups) {
  Credentials step{.uid = user.uid, .gid = user.gid, .keep_groups = keep_groups};
  step.groups.assign(user.additional_gids.begin(), user.additional_gids.end());
  return step;
}

void add_host_part(const oci::Process& process, Host& host) {
  for (const oci::Rlimit& limit : process.rlimits) host.rlimits.push_back({limit.type, limit.soft, limit.hard});
  host.oom_score_adj = process.oom_score_adj;
  host.scheduler = process.scheduler;
  host.io_priority = process.io_priority;
}

// Without no_new_privs only CAP_SYS_ADMIN may load a filter (seccomp(2)).
std::uint64_t needed_for_filter(const oci::Process& process, const oci::Linux& container) {
  return container.seccomp && !process.no_new_privileges ? 1ULL << CAP_SYS_ADMIN : 0;
}

// Init has one thread: there is nothing to synchronise.
Seccomp filter(const oci::Seccomp& profile, const Surroundings& surroundings) {
  constexpr std::uint64_t kOfListeners = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const std::uint64_t flags = profile.flags & ~std::uint64_t{SECCOMP_FILTER_FLAG_TSYNC};
  if (!profile.notifies()) return {.flags = flags & ~kOfListeners};
  return {.flags = flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, .dumpable = !surroundings.privileged};
}

// Behind `ready`: of what comes after the filter, only the wait for start and exec are left. But a listener goes to the host
// before that: whoever sees the container as created can rely on its agent.
// Hooks of start come before the filter, of which each installs its own; behind a listener's they can only be as it lets them.
void add_last_steps(const oci::Linux& container, const Surroundings& surroundings, Last last, std::vector<Hook> hooks,
                    Plan& plan) {
  plan.seccomp = container.seccomp;
  std::optional<Seccomp> before, at, behind;
  // Whoever waits for start reads behind the filter, and so can wait for an answer there.
  const bool reads = last == Last::create && hooks.empty();
  if (plan.seccomp) (plan.seccomp->notifies() ? before : reads ? at : behind) = filter(*plan.seccomp, surroundings);
  if (before) plan.steps.emplace_back(*std::move(before));
  add_ready(std::move(at), plan.steps);
  if (last == Last::create) plan.steps.emplace_back(WaitStart{});
  std::ranges::move(hooks, std::back_inserter(plan.steps));
  if (behind) plan.steps.emplace_back(*std::move(behind));
  plan.steps.emplace_back(Exec{});
}

}  // namespace

void add_terminal(const oci::Process& process, bool console, std::vector<Step>& steps) {
  steps.emplace_back(Session{});
  if (!process.terminal) return;
  const auto& [rows, columns] = process.console_size;
  steps.emplace_back(Terminal{.uid = process.user.uid, .rows = rows, .columns = columns, .console = console});
}

void add_process(const oci::Process& process, const oci::Linux& container, const Surroundings& surroundings, Last last,
                 std::vector<Hook> hooks, bool keep_groups, Plan& plan) {
  add_host_part(process, plan.host);
  const oci::Capabilities sets = grantable(process.capabilities, surroundings, plan);
  std::vector<Step>& steps = plan.steps;
  if (process.user.uid != 0 && !process.terminal) steps.emplace_back(Streams{.uid = process.user.uid});
  steps.emplace_back(BoundingSet{.keep = sets.bounding});
  steps.emplace_back(credentials(process.user, keep_groups));
  steps.emplace_back(Capabilities{.effective = sets.effective,
                                  .permitted = sets.permitted,
                                  .inheritable = sets.inheritable,
                                  .ambient = sets.ambient,
                                  .until_exec = needed_for_filter(process, container)});
  steps.emplace_back(Umask{.mask = process.user.umask.value_or(kDefaultUmask)});
  if (const auto& policy = container.memory_policy)
    steps.emplace_back(MemoryPolicy{.mode = policy->mode | policy->flags, .nodes = policy->nodes});
  if (container.personality) steps.emplace_back(Personality{.domain = *container.personality});
  steps.emplace_back(Directory{.path = process.cwd});
  steps.emplace_back(program(process, surroundings));
  steps.emplace_back(CloseDescriptors{.first = kFirstInherited + surroundings.preserve_fds});
  add_program_labels(process, steps);
  if (process.no_new_privileges) steps.emplace_back(NoNewPrivileges{});
  add_last_steps(container, surroundings, last, std::move(hooks), plan);
}

}  // namespace crumb::plan
