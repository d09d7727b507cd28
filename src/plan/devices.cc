// The devices that a container may use: the list of cgroup v1's devices controller (cgroup-v1/devices.rst), or a filter on v2.
//
// Both begin with everything denied, and whatever config.json says, a container keeps the devices that every container has, as
// with the field's runtimes.
#include <iterator>
#include <optional>
#include <span>
#include <tuple>

#include "plan/parts.h"
#include "plan/words.h"

namespace crumb::plan {
namespace {

constexpr char kMember[] = "devices";

struct Always {
  char type;
  std::optional<std::uint64_t> major, minor;
  std::string_view access;
};

// Nodes of any kind may be made, but not opened.
constexpr std::optional<std::uint64_t> kAny;
constexpr Always kAlways[] = {
    {'c', kAny, kAny, "m"},  {'b', kAny, kAny, "m"}, {'c', 1, 3, "rwm"},  // null
    {'c', 1, 8, "rwm"},                                                   // random
    {'c', 1, 7, "rwm"},                                                   // full
    {'c', 5, 0, "rwm"},                                                   // tty
    {'c', 1, 5, "rwm"},                                                   // zero
    {'c', 1, 9, "rwm"},                                                   // urandom
    {'c', 5, 2, "rwm"},                                                   // ptmx
    {'c', 136, kAny, "rwm"},                                              // of /dev/pts
    {'c', 10, 200, "rwm"},                                                // net/tun
};

struct Rule {
  oci::DeviceRule rule;
  std::string place;
};

bool are_equal(const oci::DeviceRule& one, const oci::DeviceRule& other) {
  const auto members = [](const oci::DeviceRule& rule) {
    return std::tie(rule.allow, rule.type, rule.major, rule.minor, rule.access);
  };
  return members(one) == members(other);
}

// Whether `rule` stands there as it is and nothing behind it denies anything: callers list what every container has, too.
bool holds_already(const std::vector<Rule>& rules, const oci::DeviceRule& rule) {
  for (auto later = rules.rbegin(); later != rules.rend() && later->rule.allow; ++later)
    if (are_equal(later->rule, rule)) return true;
  return false;
}

// What is said before the last rule about everything does not matter; without such a rule everything is denied first.
std::vector<Rule> listed_rules(const LimitsInput& input) {
  const std::string place = input.prefix + kMember;
  std::vector<Rule> rules{{oci::DeviceRule{}, place}};
  for (std::size_t i = 0; i < input.resources.device_rules.size(); ++i) {
    const oci::DeviceRule& rule = input.resources.device_rules[i];
    if (rule.is_reset()) rules.clear();
    rules.push_back({rule, place + '[' + std::to_string(i) + ']'});
  }
  for (const Always& always : kAlways) {
    const oci::DeviceRule rule{true, always.type, always.major, always.minor, std::string(always.access)};
    if (!holds_already(rules, rule)) rules.push_back({rule, place});
  }
  return rules;
}

// The kernel knows rules about "a" only for all numbers and all rights at once; others are written for b and c.
std::vector<oci::DeviceRule> as_v1_writes(const oci::DeviceRule& rule) {
  if (rule.type != 'a' || rule.is_reset()) return {rule};
  oci::DeviceRule block = rule, character = rule;
  block.type = 'b', character.type = 'c';
  return {block, character};
}

bool covers(const std::optional<std::uint64_t>& wide, const std::optional<std::uint64_t>& narrow) {
  return !wide || wide == narrow;
}

bool shares_rights(const oci::DeviceRule& one, const oci::DeviceRule& other) {
  return one.access.find_first_of(other.access) != std::string::npos;
}

// v1 keeps exceptions from its first rule, and takes one back only when it is named as it was made: an exception from an
// exception for more devices would be ignored in silence.
void refuse_holes(const Host& host, std::span<const Rule> rules, const oci::DeviceRule& hole, const std::string& place) {
  if (rules.empty() || hole.allow != rules.front().rule.allow) return;
  for (const Rule& earlier : rules.subspan(1))
    for (const oci::DeviceRule& wide : as_v1_writes(earlier.rule)) {
      const bool wider = covers(wide.major, hole.major) && covers(wide.minor, hole.minor) &&
                         (wide.major != hole.major || wide.minor != hole.minor);
      if (wide.allow != hole.allow && wide.type == hole.type && wider && shares_rights(wide, hole))
        throw fail("{}: {}: cgroup v1 cannot make an exception from {}, {}", host.document, place, earlier.place,
                   device_rule_text(wide));
    }
}

void add_list(const LimitsInput& input, Host& host) {
  const std::optional<std::size_t> leaf = leaf_with(host, "devices", false);
  if (!leaf) {
    if (input.resources.device_rules.empty()) return;
    throw fail("{}: {}{}: this machine has no cgroup controller \"devices\"", host.document, input.prefix, kMember);
  }
  const bool asked_for = !input.resources.device_rules.empty();
  if (asked_for) host.cgroup_leaves[*leaf].required = true;
  const std::vector<Rule> rules = listed_rules(input);
  for (std::size_t i = 0; i < rules.size(); ++i)
    for (const oci::DeviceRule& rule : as_v1_writes(rules[i].rule)) {
      refuse_holes(host, std::span(rules).first(i), rule, rules[i].place);
      host.cgroup_writes.push_back({.leaf = *leaf,
                                    .file = rule.allow ? "devices.allow" : "devices.deny",
                                    .value = rule.is_reset() ? "a" : device_rule_text(rule),
                                    .place = rules[i].place,
                                    .optional = !asked_for});
    }
}

void add_filter(const LimitsInput& input, Host& host) {
  if (host.cgroup_leaves.empty()) return;
  DeviceFilter filter{.leaf = 0, .rules = {}, .asked_for = !input.resources.device_rules.empty()};
  filter.rules = device_rules(input);
  host.device_filter = std::move(filter);
}

}  // namespace

std::vector<oci::DeviceRule> device_rules(const LimitsInput& input) {
  std::vector<oci::DeviceRule> rules;
  for (Rule& rule : listed_rules(input)) rules.push_back(std::move(rule.rule));
  return rules;
}

// Every caller writes device rules; one that wants no cgroups cannot mean them.
void add_devices(const LimitsInput& input, Host& host) {
  if (input.disabled) return;
  if (input.v2)
    add_filter(input, host);
  else
    add_list(input, host);
}

}  // namespace crumb::plan
