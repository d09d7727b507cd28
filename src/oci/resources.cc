// linux.resources. A number that is 0 counts as not set where 0 could not be meant: Go's callers write it so.
#include <algorithm>

#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::int64_t kUnlimited = -1;
constexpr std::uint64_t kLargestSwappiness = 100;
constexpr std::uint64_t kFewestShares = 2, kMostShares = 262144;  // the kernel's MIN_SHARES and MAX_SHARES

std::optional<std::int64_t> find_amount(const json::Cursor& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::int64_t amount = member->integer(kUnlimited);
  return amount == 0 ? std::nullopt : std::optional(amount);
}

std::optional<std::uint64_t> find_natural(const json::Cursor& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::uint64_t number = member->natural();
  return number == 0 ? std::nullopt : std::optional(number);
}

// useHierarchy: the kernel always does since 5.11. checkBeforeUpdate: speaks of `update` only.
Memory parse_memory(const json::Cursor& object) {
  refuse(object, {"kernel", "kernelTCP"});
  Memory memory;
  memory.limit = find_amount(object, "limit");
  memory.reservation = find_amount(object, "reservation");
  memory.swap = find_amount(object, "swap");
  if (const auto swappiness = object.find("swappiness")) memory.swappiness = swappiness->natural(kLargestSwappiness);
  if (const auto disable = object.find("disableOOMKiller")) memory.disable_oom_killer = disable->boolean();
  if (const auto use = object.find("useHierarchy")) use->boolean();
  if (const auto check = object.find("checkBeforeUpdate")) check->boolean();
  return memory;
}

Cpu parse_cpu(const json::Cursor& object) {
  refuse(object, {"realtimeRuntime", "realtimePeriod", "idle", "burst"});
  Cpu cpu;
  cpu.shares = find_natural(object, "shares");
  if (cpu.shares && (*cpu.shares < kFewestShares || *cpu.shares > kMostShares))
    throw object.error_at("shares", fmt::format("{} is not between {} and {}", *cpu.shares, kFewestShares, kMostShares));
  cpu.period = find_natural(object, "period");
  cpu.quota = find_amount(object, "quota");
  if (const auto cpus = object.find("cpus")) cpu.cpus = cpus->string();
  if (const auto mems = object.find("mems")) cpu.mems = mems->string();
  return cpu;
}

char parse_rule_type(const json::Cursor& type) {
  const std::string word = type.string();
  if (word.empty()) return 'a';
  if (word == "a" || word == "b" || word == "c") return word[0];
  throw type.error(fmt::format("unknown device type \"{}\"", word));
}

std::string parse_access(const json::Cursor& access) {
  std::string letters = access.string();
  if (letters.find_first_not_of("rwm") != std::string::npos)
    throw access.error(fmt::format("\"{}\": only the letters r, w and m have a meaning", letters));
  return letters.empty() ? "rwm" : letters;
}

std::optional<std::uint64_t> find_number(const json::Cursor& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::int64_t number = member->integer(-1, 0xffffffff);
  return number < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(number));
}

DeviceRule parse_device_rule(const json::Cursor& object) {
  DeviceRule rule;
  if (const auto allow = object.find("allow")) rule.allow = allow->boolean();
  if (const auto type = object.find("type")) rule.type = parse_rule_type(*type);
  rule.major = find_number(object, "major");
  rule.minor = find_number(object, "minor");
  if (const auto access = object.find("access")) rule.access = parse_access(*access);
  return rule;
}

// config-linux.md, Unified: names of files of the container's own cgroup.
std::map<std::string, std::string> parse_unified(const json::Cursor& object) {
  std::map<std::string, std::string> files;
  for (const auto& [key, value] : object.members()) {
    if (key.find('/') != std::string_view::npos || key.find('.') == std::string_view::npos || key.starts_with('.') ||
        key.find('\0') != std::string_view::npos)
      throw value.error("not the name of a cgroup file");
    files.emplace(key, value.string());
  }
  return files;
}

}  // namespace

Resources parse_resources(const json::Cursor& object) {
  refuse(object, {"network", "rdma", "hugepageLimits", "blockIO"});
  Resources resources;
  if (const auto memory = object.find("memory")) resources.memory = parse_memory(*memory);
  if (const auto cpu = object.find("cpu")) resources.cpu = parse_cpu(*cpu);
  if (const auto pids = object.find("pids"))
    if (const auto limit = pids->find("limit")) resources.pids_limit = limit->integer(kUnlimited);
  if (const auto unified = object.find("unified")) resources.unified = parse_unified(*unified);
  if (const auto rules = object.find("devices"))
    for (const json::Cursor& rule : rules->items()) resources.device_rules.push_back(parse_device_rule(rule));
  return resources;
}

}  // namespace crumb::oci
