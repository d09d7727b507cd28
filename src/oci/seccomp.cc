#include <algorithm>
#include <cerrno>

#include "kernel/seccomp.h"
#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::uint64_t kLastArgument = 5;

// The entry of a table of kernel/seccomp.h.
template <class Table>
const auto& parse_word(const json::Cursor& member, const Table& table, std::string_view what) {
  const std::string word = member.string();
  const auto known = std::find_if(std::begin(table), std::end(table), [&](const auto& entry) { return entry.word == word; });
  if (known == std::end(table)) throw member.error(fmt::format("unknown {} \"{}\"", what, word));
  return *known;
}

// The action that the member `key` names, with the errno that the member `number_key` may give it (config-linux.md, Seccomp: an
// errno for an action that takes none is an error).
std::uint32_t parse_action(const json::Cursor& object, std::string_view key, std::string_view number_key) {
  const json::Cursor member = object.at(key);
  if (member.string() == "SCMP_ACT_NOTIFY") throw member.error(fmt::format("SCMP_ACT_NOTIFY is {}", kNotSupported));
  const kernel::SeccompAction& action = parse_word(member, kernel::kSeccompActions, "action");
  const auto number = object.find(number_key);
  if (!number) return action.largest == 0 ? action.value : action.value | EPERM;
  if (action.largest == 0) throw number->error(fmt::format("{} takes no errno", action.word));
  return action.value | static_cast<std::uint32_t>(number->natural(action.largest));
}

SeccompArgument parse_argument(const json::Cursor& object) {
  SeccompArgument argument;
  argument.index = static_cast<unsigned>(object.at("index").natural(kLastArgument));
  argument.value = object.at("value").natural();
  if (const auto value = object.find("valueTwo")) argument.value_two = value->natural();
  argument.op = parse_word(object.at("op"), kernel::kSeccompOperators, "operator").value;
  return argument;
}

SeccompRule parse_rule(const json::Cursor& object) {
  SeccompRule rule;
  const json::Cursor names = object.at("names");
  rule.names = names.strings();
  if (rule.names.empty()) throw names.error("is empty");
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    if (rule.names[i].empty()) throw names.items()[i].error("is empty");
  rule.action = parse_action(object, "action", "errnoRet");
  if (const auto arguments = object.find("args"))
    for (const json::Cursor& argument : arguments->items()) rule.arguments.push_back(parse_argument(argument));
  return rule;
}

// Without the member runc and crun keep the program's speculation as it is: the kernel's mitigation, which a filter brings
// along by default, costs more than it protects. An empty list is no flag at all.
std::uint64_t parse_flags(const json::Cursor& object) {
  const auto list = object.find("flags");
  if (!list) return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  std::uint64_t flags = 0;
  for (const json::Cursor& item : list->items()) {
    const kernel::SeccompFlag& flag = parse_word(item, kernel::kSeccompFlags, "flag");
    if (flag.value == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
      throw item.error(fmt::format("{} is for SCMP_ACT_NOTIFY, which is {}", flag.word, kNotSupported));
    flags |= flag.value;
  }
  return flags;
}

}  // namespace

Seccomp parse_seccomp(const json::Cursor& object) {
  refuse(object, {"listenerPath", "listenerMetadata"});
  Seccomp seccomp;
  seccomp.default_action = parse_action(object, "defaultAction", "defaultErrnoRet");
  seccomp.flags = parse_flags(object);
  if (const auto list = object.find("architectures"))
    for (const json::Cursor& item : list->items())
      seccomp.architectures.push_back(parse_word(item, kernel::kSeccompArchitectures, "architecture").name);
  if (const auto list = object.find("syscalls"))
    for (const json::Cursor& item : list->items()) seccomp.rules.push_back(parse_rule(item));
  return seccomp;
}

}  // namespace crumb::oci
