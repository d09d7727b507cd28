#include "plan/text.h"

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <iterator>
#include <string_view>

#include "kernel/capabilities.h"
#include "kernel/mount_options.h"
#include "kernel/namespaces.h"
#include "plan/words.h"
#include "support/error.h"
#include "wire/guest_memory.h"
#include "wire/protocol.h"

namespace crumb::plan {
namespace {

// What a step is, as the subject of a message.
struct Subject {
  std::string operator()(const JoinPaths& step) const {
    std::string text = "join ";
    for (std::size_t i = 0; i < step.paths.size(); ++i)
      text += fmt::format("{}{} {}", i == 0 ? "" : ", ", namespace_names(step.types[i]), quoted(step.paths[i]));
    return text;
  }
  std::string operator()(const JoinProcess& step) const {
    return fmt::format("join the container's {}", namespace_names(step.types));
  }
  std::string operator()(const Source& step) const { return "source " + quoted(step.path); }
  std::string operator()(const EnterRoot& step) const { return "enter the root filesystem " + quoted(step.path); }
  std::string operator()(const Unshare& step) const { return "new " + namespace_names(step.namespaces); }
  std::string operator()(const Fork& step) const {
    if (step.namespaces == 0) return Fork::kName;
    return fmt::format("{} in new {}", Fork::kName, namespace_names(step.namespaces));
  }
  std::string operator()(const Meet& step) const {
    return fmt::format("wait for the host: {}{}", point_name(step.point), step.tied ? ", and die with it" : "");
  }
  std::string operator()(const Tell& step) const { return fmt::format("{}: {}", Tell::kName, point_name(step.point)); }
  std::string operator()(const Await& step) const { return fmt::format("{}: {}", Await::kName, point_name(step.point)); }
  std::string operator()(const Hostname& step) const { return "hostname " + quoted(step.name); }
  std::string operator()(const Domainname& step) const { return "domainname " + quoted(step.name); }
  std::string operator()(const Keyring& step) const { return "session keyring " + quoted(step.name); }
  std::string operator()(const Sysctl& step) const { return "sysctl " + quoted(step.path); }
  std::string operator()(const Apparmor& step) const { return "AppArmor profile " + quoted(step.profile); }
  std::string operator()(const Selinux& step) const { return "SELinux label " + quoted(step.label); }
  std::string operator()(const Propagation& step) const {
    return fmt::format("propagation of \"/\": {}", kernel::propagation_name(step.flags));
  }
  std::string operator()(const Root& step) const {
    return step.fresh ? "root filesystem: an empty tmpfs" : "root filesystem " + quoted(step.path);
  }
  std::string operator()(const Mount& step) const {
    if (step.flags & wire::kRemount) return "remount " + quoted(step.target);
    const char* verb = step.flags & wire::kBind ? "bind mount" : "mount";
    return fmt::format("{} {} on {}", verb, quoted(step.flags & wire::kBind ? step.source : step.type), quoted(step.target));
  }
  std::string operator()(const Device& step) const { return "device " + quoted(step.path); }
  std::string operator()(const Symlink& step) const {
    return fmt::format("symbolic link {} to {}", quoted(step.path), quoted(step.target));
  }
  std::string operator()(const Mask& step) const { return "mask " + quoted(step.path); }
  std::string operator()(const ReadonlyPath& step) const { return "read-only path " + quoted(step.path); }
  std::string operator()(const Streams& step) const { return fmt::format("pipes at 0, 1 and 2 belong to {}", step.uid); }
  std::string operator()(const MakeDirectory& step) const { return "make the working directory " + quoted(step.path); }
  std::string operator()(const Credentials& step) const { return fmt::format("user {}:{}", step.uid, step.gid); }
  std::string operator()(const Umask& step) const { return fmt::format("umask {:04o}", step.mask); }
  std::string operator()(const Personality& step) const { return "personality " + personality_name(step.domain); }
  std::string operator()(const MemoryPolicy& step) const { return "memory policy " + memory_policy_name(step.mode); }
  std::string operator()(const Directory& step) const { return "working directory " + quoted(step.path); }
  std::string operator()(const Hook& step) const {
    return fmt::format("{} hook #{} {}", step.kind, step.index, quoted(step.path));
  }
  std::string operator()(const Program& step) const {
    return "program " + (step.arguments.empty() ? "" : quoted(step.arguments[0]));
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return Other::kName;
  }
};

// The names of NAME=value.
std::vector<std::string> names_of(const std::vector<std::string>& environment) {
  std::vector<std::string> names;
  for (const std::string& entry : environment) names.push_back(entry.substr(0, entry.find('=')));
  return names;
}

// What is to be said of a hook behind its path.
std::string hook_details(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                         std::uint64_t timeout) {
  std::string text;
  for (std::size_t i = 1; i < arguments.size(); ++i) text += ' ' + quoted(arguments[i]);
  if (!environment.empty()) text += ", environment " + joined(names_of(environment), " ");
  if (timeout != 0) text += fmt::format(", at most {} s", timeout);
  return text;
}

// What `crumb plan` adds to it.
struct Details {
  const Plan& plan;

  std::string operator()(const Keyring& step) const {
    return step.label.empty() ? "" : " with the label " + quoted(step.label);
  }
  std::string operator()(const Sysctl& step) const { return " = " + quoted(step.value); }
  std::string operator()(const Mask& step) const {
    return step.label.empty() ? "" : parenthesized({"SELinux " + quoted(step.label)});
  }
  std::string operator()(const Source& step) const {
    std::vector<std::string> words{"opened with crumb's rights"};
    if (step.flags & wire::kBindRecursive) words.emplace_back("rbind");
    return parenthesized(words);
  }
  std::string operator()(const Mount& step) const { return parenthesized(mount_words(step)); }
  std::string operator()(const Device& step) const {
    std::vector<std::string> words;
    if (S_ISFIFO(step.mode)) words.emplace_back("FIFO");
    if (!S_ISFIFO(step.mode))
      words.push_back(fmt::format("{} {}:{}", S_ISCHR(step.mode) ? "character" : "block", step.major, step.minor));
    if (step.bind) {
      words.emplace_back("the host's");
      return parenthesized(words);
    }
    words.push_back(fmt::format("mode {:04o}", step.mode & 07777));
    words.push_back(fmt::format("owner {}:{}", step.uid, step.gid));
    return parenthesized(words);
  }
  std::string operator()(const Pivot& step) const {
    std::vector<std::string> words{step.move ? "--no-pivot: the old one stays mounted below" : "pivot_root"};
    if (step.readonly) words.emplace_back("read-only");
    if (step.propagation) words.emplace_back(kernel::propagation_name(step.propagation));
    return parenthesized(words);
  }
  std::string operator()(const Terminal& step) const {
    std::vector<std::string> words{fmt::format("owner {}", step.uid)};
    if (step.rows != 0 || step.columns != 0) words.push_back(fmt::format("{} columns, {} rows", step.columns, step.rows));
    if (step.console) words.emplace_back("on \"/dev/console\" too");
    return parenthesized(words);
  }
  std::string operator()(const BoundingSet& step) const { return ": " + capability_names(step.keep); }
  std::string operator()(const Credentials& step) const {
    std::string text;
    for (const std::uint64_t group : step.groups) text += fmt::format("{}{}", text.empty() ? " with the groups " : ", ", group);
    return step.keep_groups ? " with crumb's groups" : text;
  }
  std::string operator()(const Capabilities& step) const {
    const std::string until_exec = step.until_exec ? "; until exec also " + capability_names(step.until_exec) : "";
    return fmt::format(": permitted {}; effective {}; inheritable {}; ambient {}{}", capability_names(step.permitted),
                       same_or_names(step.effective, step.permitted), same_or_names(step.inheritable, step.permitted),
                       same_or_names(step.ambient, step.permitted), until_exec);
  }
  std::string operator()(const MemoryPolicy& step) const {
    return step.nodes.empty() ? "" : " of the nodes " + bits_text(step.nodes);
  }
  std::string operator()(const Hook& step) const { return hook_details(step.arguments, step.environment, step.timeout); }
  std::string operator()(const Program& step) const {
    std::string text;
    for (std::size_t i = 1; i < step.arguments.size(); ++i) text += ' ' + quoted(step.arguments[i]);
    std::vector<std::string> names = names_of(step.environment);
    if (step.home) names.emplace_back("HOME of the user");
    if (step.listen_pid) names.emplace_back("LISTEN_PID");
    if (!step.module.empty()) text += fmt::format(" (a WebAssembly module: {})", step.module);
    return text + (names.empty() ? "" : ", environment " + joined(names, " "));
  }
  std::string operator()(const CloseDescriptors& step) const { return fmt::format(" from {} on", step.first); }
  std::string operator()(const Seccomp&) const { return plan.seccomp ? parenthesized(seccomp_words(*plan.seccomp)) : ""; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

std::string leaf_path(const CgroupLeaf& leaf) { return leaf.mountpoint + leaf.path; }

void describe_write(const Host& host, const CgroupWrite& write, std::string& out) {
  const std::string directory = leaf_path(host.cgroup_leaves.at(write.leaf)) + "/";
  out += fmt::format("  write {} to {}", quoted(write.value), quoted(directory + write.file));
  if (!write.other_file.empty())
    out += fmt::format(", where that is missing {} to {}", quoted(write.other_value), quoted(directory + write.other_file));
  if (write.optional) out += ", if it is there";
  out += fmt::format(" ({})\n", write.place);
}

void describe_filter(const Host& host, const DeviceFilter& filter, std::string& out) {
  out += fmt::format("  device filter on {}, of which the last that matches counts:\n",
                     quoted(leaf_path(host.cgroup_leaves.at(filter.leaf))));
  for (const oci::DeviceRule& rule : filter.rules)
    out += fmt::format("    {} {}\n", rule.allow ? "allow" : "deny", device_rule_text(rule));
}

void describe_scheduling(const Host& host, std::string& out) {
  const auto& [initial, final_] = host.affinity;
  if (!initial.empty()) out += fmt::format("  CPUs before the cgroups are joined: {}\n", bits_text(initial));
  if (!final_.empty()) out += fmt::format("  CPUs: {}\n", bits_text(final_));
  if (host.scheduler) out += fmt::format("  scheduler {}\n", scheduler_text(*host.scheduler));
  if (host.io_priority) out += fmt::format("  I/O priority {}\n", io_priority_text(*host.io_priority));
}

void describe_rdt(const RdtGroup& group, std::string& out) {
  const char* const note = group.own ? "the container's own" : group.must_exist ? "which is there" : "made if it is missing";
  out += fmt::format("  Intel RDT: class of service {} ({})\n", quoted(group.directory), note);
  for (const std::string& line : group.schemata)
    out += fmt::format("  write {} to {}\n", quoted(line), quoted(group.directory + "/schemata"));
  if (!group.monitor.empty()) out += fmt::format("  Intel RDT: monitoring group {}\n", quoted(group.monitor));
}

std::string property_text(const SystemdProperty& property) {
  std::string text = fmt::format("{} ({})", property.name, property.signature);
  for (std::size_t i = 0; i < property.values.size(); ++i) text += (i == 0 ? " = " : ", ") + quoted(property.values[i]);
  return text + (property.since == 0 ? "" : fmt::format(", if systemd is {} or newer", property.since));
}

void describe_scope(const SystemdScope& scope, std::string& out) {
  out += fmt::format("  systemd makes {} at {}, and is told:\n", quoted(scope.unit), quoted(scope.control_group));
  for (const SystemdProperty& property : scope.properties) out += fmt::format("    {}\n", property_text(property));
}

void describe_hooks(const oci::Hooks& hooks, std::string& out) {
  for (const auto& [kind, list] : oci::kHookKinds) {
    std::size_t index = 0;
    for (const oci::Hook& hook : hooks.*list)
      out += fmt::format("  {} hook #{} {}{}\n", kind, index++, quoted(hook.path),
                         hook_details(hook.args, hook.env, hook.timeout));
  }
}

void describe_host(const Host& host, std::string& out) {
  if (host.scope) describe_scope(*host.scope, out);
  for (const CgroupLeaf& leaf : host.cgroup_leaves)
    out += fmt::format("  cgroup {} ({}){}\n", quoted(leaf_path(leaf)),
                       leaf.controllers.empty() ? "no controller" : joined(leaf.controllers, " "),
                       leaf.required ? "" : ", left out if it cannot be made");
  if (!host.delegated_cgroup.empty()) out += fmt::format("  the process joins {} below it\n", quoted(host.delegated_cgroup));
  if (host.cgroup_owner) out += fmt::format("  the cgroup belongs to {}\n", *host.cgroup_owner);
  for (const CgroupWrite& write : host.cgroup_writes) describe_write(host, write, out);
  if (host.device_filter) describe_filter(host, *host.device_filter, out);
  for (const Rlimit& limit : host.rlimits)
    out += fmt::format("  {}: {}, at most {}\n", kernel::rlimit_name(limit.resource), limit_text(limit.soft),
                       limit_text(limit.hard));
  if (host.oom_score_adj) out += fmt::format("  oom_score_adj {}\n", *host.oom_score_adj);
  describe_scheduling(host, out);
  if (host.rdt) describe_rdt(*host.rdt, out);
  for (const auto& [name, new_name] : host.net_devices)
    out += fmt::format("  network device {} becomes the container's {}\n", quoted(name), quoted(new_name));
  describe_hooks(host.hooks, out);
}

std::string mapping_text(const std::vector<oci::IdMapping>& mappings) {
  std::vector<std::string> words;
  for (const auto& [container, host, size] : mappings) words.push_back(fmt::format("{} is {} ({})", container, host, size));
  return joined(words, ", ");
}

void describe_namespaces(const Plan& plan, std::string& out) {
  if (const auto& maps = plan.host.maps) {
    out += fmt::format("  user namespace: uid {}\n", mapping_text(maps->uids));
    out +=
        fmt::format("  user namespace: gid {}{}\n", mapping_text(maps->gids), maps->deny_setgroups ? ", setgroups denied" : "");
  }
  for (const Idmap& idmap : plan.host.idmaps) {
    const std::string source = quoted(source_of(plan.steps, idmap.source)->path);
    out += idmap.path.empty() ? fmt::format("  idmap of {}: uid {}; gid {}\n", source, mapping_text(idmap.maps.uids),
                                            mapping_text(idmap.maps.gids))
                              : fmt::format("  idmap of {}: as in {}\n", source, quoted(idmap.path));
  }
  for (const oci::TimeOffset& offset : plan.host.time_offsets)
    out += fmt::format("  time namespace: {} {} s {} ns\n", offset.clock, offset.seconds, offset.nanoseconds);
}

const char* mode_text(const WasmPolicy& policy) {
  if (policy.frames && policy.mode != WasmPolicy::Mode::interpreter) {
    return policy.mode == WasmPolicy::Mode::aot ? "compiled with frames, or not at all where the cache lacks such code"
                                                : "compiled where the cache has code with frames, else interpreted";
  }
  switch (policy.mode) {
    case WasmPolicy::Mode::best:
      return "compiled where the cache has its code, else interpreted";
    case WasmPolicy::Mode::interpreter:
      return "interpreted";
    case WasmPolicy::Mode::aot:
      return "compiled, or not at all where the cache lacks its code";
  }
  return "";
}

const char* compile_text(WasmPolicy::Compile compile) {
  switch (compile) {
    case WasmPolicy::Compile::off:
      return "no";
    case WasmPolicy::Compile::background:
      return "in the background, for later starts";
    case WasmPolicy::Compile::wait:
    case WasmPolicy::Compile::require:
      return "before it starts, which waits for that";
  }
  return "";
}

std::string memory_text(const WasmPolicy& policy) {
  const std::uint64_t pages = wire::guest_pages(policy.memory_limit, wire::kEngineShare, policy.memory / wire::kGuestPage);
  if (pages == 0) return "no limit but the kernel's";
  const std::string most = "at most " + size_text(pages * wire::kGuestPage);
  return policy.memory_limit == 0 ? most
                                  : fmt::format("what the engine leaves of {}, {}", size_text(policy.memory_limit), most);
}

std::string network_text(const WasmPolicy& policy) {
  if (policy.network == WasmPolicy::Network::none) return "none";
  std::string handed_over = policy.listen == 0 ? "" : fmt::format("{} sockets handed over", policy.listen);
  if (policy.preserved != 0)
    handed_over +=
        fmt::format("{} among {} preserved descriptors", handed_over.empty() ? "the sockets" : " and those", policy.preserved);
  if (policy.network == WasmPolicy::Network::listen) return handed_over.empty() ? "no new sockets" : handed_over;
  return handed_over.empty() ? "new sockets" : "new sockets, " + handed_over;
}

std::string preopens_text(const WasmPolicy& policy) {
  std::vector<std::string> words;
  for (const auto& [path, writable, name] : policy.preopens)
    words.push_back(quoted(path) + (name.empty() ? "" : " as " + quoted(name)) + (writable ? "" : " (read-only)"));
  return words.empty() ? "none" : joined(words, ", ");
}

// Policy as docs/wasm.md has it. The environment and the streams are those of the program, above.
void describe_wasm(const WasmPolicy& policy, std::string& out) {
  out += "if the program is a WebAssembly module:\n";
  out += fmt::format("  crumb-wasm runs it: {}\n", mode_text(policy));
  out += fmt::format("  code that the cache lacks is compiled: {}\n", compile_text(policy.compile));
  out += fmt::format("  stack of {}, memory: {}\n", size_text(policy.stack), memory_text(policy));
  out += fmt::format("  threads besides the first: {}\n",
                     policy.threads == 0 ? "none" : fmt::format("at most {}", policy.threads));
  out += fmt::format("  directories without procfs and sysfs: {}\n", preopens_text(policy));
  out += fmt::format("  network: {}\n", network_text(policy));
}

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;
constexpr int kOtherwise = 1;

// The file that a Program or Exec step stumbled over; the name that was asked for until one was found.
std::string program_name(const Step& step, const std::string& operand) {
  const auto* program = std::get_if<Program>(&step);
  return operand.empty() && program && !program->arguments.empty() ? program->arguments[0] : operand;
}

std::string program_failure(const Step& step, int error, const std::string& operand) {
  const auto* const program = std::get_if<Program>(&step);
  const std::string name = program_name(step, operand);
  const std::string subject = name.empty() ? "exec" : "exec: " + quoted(name);
  switch (error) {
    case ENOENT:
      // The program itself was found: what is missing is what its first line or its ELF header names.
      if (std::holds_alternative<Exec>(step)) return subject + ": its interpreter is missing: no such file or directory";
      return subject +
             (name.find('/') == std::string::npos ? ": executable file not found in $PATH" : ": no such file or directory");
    case EACCES:
      return subject + ": permission denied";
    case EPERM:
      return subject + ": operation not permitted";
    case EISDIR:
      return subject + ": is a directory: permission denied";
    case ENOTDIR:
      return subject + ": not a directory: no such file or directory";
    case ENOEXEC:
      if (program && !program->module.empty())
        return fmt::format("{}: not a WebAssembly module, which the annotation {} says it is", subject, program->module);
      return subject +
             ": exec format error: neither a program for this machine, nor a script that begins with \"#!\", nor a "
             "WebAssembly module that its user may read";
    default:
      return subject + ": " + errno_text(error);
  }
}

// Why the kernel refuses an idmapped mount.
std::string idmap_failure(const Source& step, int error) {
  const std::string subject = "idmapped mount of " + quoted(step.path);
  if (error == ENOSYS) return subject + ": needs Linux 5.12";
  if (error == EINVAL) return subject + ": this kernel cannot do it on that filesystem";
  return fmt::format("{}: {}", subject, errno_text(error));
}

// Reasons that the kernel's words do not give. podman and containerd take "No such file or directory" and "Permission denied"
// anywhere for a program that cannot be run.
struct Reason {
  std::string operator()(const Sysctl&) const {
    if (error == ENOENT) return "this kernel has no such setting";
    if (error == EACCES || error == EPERM) return "it cannot be changed from here";
    return errno_text(error);
  }
  std::string operator()(const Unshare&) const {
    if (error == EPERM) return "this machine lets only root make it (see user_namespaces(7))";
    if (error == ENOSPC) return "there are too many (see the sysctls in user, such as user.max_user_namespaces)";
    return errno_text(error);
  }
  std::string operator()(const Keyring&) const {
    if (error == EDQUOT) return "the user has too many (see /proc/key-users and the sysctls in kernel/keys)";
    return errno_text(error);
  }
  std::string operator()(const Mount& step) const {
    if (error == ENOSYS && (step.recursive_set | step.recursive_clear) != 0)
      return "options for all mounts below (rro and the like) need Linux 5.12";
    return errno_text(error);
  }
  std::string operator()(const MemoryPolicy&) const {
    if (error == EINVAL) return "this kernel does not take it, or there are no such nodes for the container";
    return errno_text(error);
  }
  std::string operator()(const Apparmor&) const { return of_security_module("the profile is not loaded"); }
  std::string operator()(const Selinux&) const { return of_security_module("this kernel does not have it"); }
  template <class Other>
  std::string operator()(const Other&) const {
    return errno_text(error);
  }
  std::string of_security_module(const char* missing) const {
    if (error == ENOENT) return missing;
    if (error == EACCES || error == EPERM) return "the security module refuses it";
    return errno_text(error);
  }

  int error;
};

bool is_program(const Step& step) { return std::holds_alternative<Program>(step) || std::holds_alternative<Exec>(step); }

}  // namespace

std::string describe(const Step& step) { return std::visit(Subject{}, step); }

std::string describe(const Plan& plan) {
  std::string out;
  describe_namespaces(plan, out);
  describe_host(plan.host, out);
  if (!out.empty()) out.insert(0, "on the host:\n");
  out += "in the container:\n";
  for (const Step& step : plan.steps) out += fmt::format("  {}{}\n", describe(step), std::visit(Details{plan}, step));
  describe_wasm(plan.wasm, out);
  for (const std::string& warning : plan.warnings) out += "warning: " + warning + "\n";
  return out;
}

std::string failure(const Step& step, int error, const std::string& operand) {
  if (is_program(step)) return program_failure(step, error, operand);
  if (const auto* source = std::get_if<Source>(&step); source && operand == "idmap") return idmap_failure(*source, error);
  const std::string subject = describe(step), reason = std::visit(Reason{error}, step);
  const bool meets = std::holds_alternative<Meet>(step) || std::holds_alternative<Await>(step);
  if (meets && operand.starts_with("cgroup ")) return fmt::format("{}: the process cannot join: {}", operand, reason);
  if (operand.empty() || subject.find(quoted(operand)) != std::string::npos) return fmt::format("{}: {}", subject, reason);
  return fmt::format("{}: {}: {}", subject, operand, reason);
}

int failure_exit_code(const Step& step, int error) {
  if (!is_program(step)) return kOtherwise;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return kNotFound;
    case EACCES:
    case EPERM:
    case EISDIR:
    case ENOEXEC:
      return kNotExecutable;
    default:
      return kOtherwise;
  }
}

}  // namespace crumb::plan
