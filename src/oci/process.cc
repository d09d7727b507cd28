#include <algorithm>
#include <limits>

#include "kernel/capabilities.h"
#include "kernel/namespaces.h"
#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::uint64_t kLargestId = 0xffffffff;
constexpr std::uint64_t kLargestUmask = 0777;

std::uint32_t parse_id(const json::Cursor& id) { return static_cast<std::uint32_t>(id.natural(kLargestId)); }

User parse_user(const json::Cursor& object) {
  User user;
  if (const auto uid = object.find("uid")) user.uid = parse_id(*uid);
  if (const auto gid = object.find("gid")) user.gid = parse_id(*gid);
  if (const auto umask = object.find("umask")) user.umask = static_cast<std::uint32_t>(umask->natural(kLargestUmask));
  if (const auto groups = object.find("additionalGids"))
    for (const json::Cursor& group : groups->items()) user.additional_gids.push_back(parse_id(group));
  return user;
}

std::uint64_t parse_capability_set(const json::Cursor& object, std::string_view set) {
  std::uint64_t mask = 0;
  const auto names = object.find(set);
  if (!names) return 0;
  for (const json::Cursor& item : names->items()) {
    const std::string name = item.string();
    const int number = kernel::capability_number(name);
    if (number < 0) throw item.error(fmt::format("unknown capability \"{}\"", name));
    mask |= 1ULL << number;
  }
  return mask;
}

Capabilities parse_capabilities(const json::Cursor& object) {
  Capabilities sets;
  sets.bounding = parse_capability_set(object, "bounding");
  sets.effective = parse_capability_set(object, "effective");
  sets.inheritable = parse_capability_set(object, "inheritable");
  sets.permitted = parse_capability_set(object, "permitted");
  sets.ambient = parse_capability_set(object, "ambient");
  if (const std::uint64_t beyond = sets.effective & ~sets.permitted)
    throw object.error_at("effective",
                          fmt::format("{} is not in the permitted set", kernel::kCapabilities[__builtin_ctzll(beyond)]));
  return sets;
}

int parse_rlimit_type(const json::Cursor& type) {
  const std::string name = type.string();
  for (const kernel::RlimitName& known : kernel::kRlimits)
    if (known.word == name) return known.resource;
  throw type.error(fmt::format("unknown resource limit \"{}\"", name));
}

std::vector<Rlimit> parse_rlimits(const json::Cursor& list) {
  std::vector<Rlimit> limits;
  for (const json::Cursor& item : list.items()) {
    Rlimit limit;
    const json::Cursor type = item.at("type");
    limit.type = parse_rlimit_type(type);
    const json::Cursor soft = item.at("soft");
    limit.soft = soft.natural();
    limit.hard = item.at("hard").natural();
    if (limit.soft > limit.hard) throw soft.error(fmt::format("{} is above the hard limit, {}", limit.soft, limit.hard));
    if (std::any_of(limits.begin(), limits.end(), [&](const Rlimit& other) { return other.type == limit.type; }))
      throw type.error(fmt::format("\"{}\" is set twice", kernel::rlimit_name(limit.type)));
    limits.push_back(limit);
  }
  return limits;
}

std::vector<std::string> parse_arguments(const json::Cursor& list) {
  std::vector<std::string> arguments = list.strings();
  if (arguments.empty()) throw list.error("is empty");
  if (arguments[0].empty()) throw list.items()[0].error("is empty");
  return arguments;
}

// Without a terminal the size means nothing (config.md, Process), but its form is still wrong or right.
void parse_terminal(const json::Cursor& object, Process& process) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint16_t>::max();
  if (const auto flag = object.find("terminal")) process.terminal = flag->boolean();
  const auto size = object.find("consoleSize");
  if (!size) return;
  const auto rows = static_cast<std::uint16_t>(size->at("height").natural(kLargest));
  const auto columns = static_cast<std::uint16_t>(size->at("width").natural(kLargest));
  if (process.terminal) process.console_size = {rows, columns};
}

void parse_scheduling(const json::Cursor& object, Process& process) {
  const auto speaking = [&](std::string_view key) {
    const auto member = object.find(key);
    return member && !member->empty() ? member : std::nullopt;
  };
  if (const auto scheduler = speaking("scheduler")) process.scheduler = parse_scheduler(*scheduler);
  if (const auto priority = speaking("ioPriority")) process.io_priority = parse_io_priority(*priority);
  if (const auto affinity = speaking("execCPUAffinity")) process.exec_affinity = parse_cpu_affinity(*affinity);
}

}  // namespace

Process parse_process(const json::Cursor& object) {
  Process process;
  process.args = parse_arguments(object.at("args"));
  process.cwd = parse_absolute_path(object.at("cwd"));
  parse_terminal(object, process);
  if (const auto env = object.find("env")) process.env = env->strings();
  if (const auto user = object.find("user")) process.user = parse_user(*user);
  if (const auto sets = object.find("capabilities")) process.capabilities = parse_capabilities(*sets);
  if (const auto limits = object.find("rlimits")) process.rlimits = parse_rlimits(*limits);
  if (const auto flag = object.find("noNewPrivileges")) process.no_new_privileges = flag->boolean();
  if (const auto profile = object.find("apparmorProfile")) process.apparmor_profile = profile->string();
  if (const auto label = object.find("selinuxLabel")) process.selinux_label = label->string();
  if (const auto adjustment = object.find("oomScoreAdj"))
    process.oom_score_adj = static_cast<int>(adjustment->integer(-1000, 1000));
  parse_scheduling(object, process);
  return process;
}

Process parse_process(std::string_view text, const std::string& name) {
  const json::Document document = json::Document::parse(text, name);
  return parse_process(document.root());
}

}  // namespace crumb::oci
