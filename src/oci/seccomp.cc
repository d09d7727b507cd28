#include <cerrno>

#include "kernel/seccomp.h"
#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::uint64_t kLastArgument = 5;

// The action that the member `key` names, with the errno that the member `number_key` may give it (config-linux.md, Seccomp: an
// errno for an action that takes none is an error).
std::uint32_t parse_action(const json::Cursor& object, std::string_view key, std::string_view number_key) {
  const json::Cursor member = object.at(key);
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

// crumb-init tells of its listener by write, which would wait for whoever gets that.
void check_notified(const json::Cursor& names) {
  for (const json::Cursor& name : names.items())
    if (name.string() == "write") throw name.error("SCMP_ACT_NOTIFY cannot be the action for write");
}

SeccompRule parse_rule(const json::Cursor& object) {
  SeccompRule rule;
  const json::Cursor names = object.at("names");
  rule.names = names.strings();
  if (rule.names.empty()) throw names.error("is empty");
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    if (rule.names[i].empty()) throw names.items()[i].error("is empty");
  rule.action = parse_action(object, "action", "errnoRet");
  if (rule.action == SECCOMP_RET_USER_NOTIF) check_notified(names);
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
  for (const json::Cursor& item : list->items()) flags |= parse_word(item, kernel::kSeccompFlags, "flag").value;
  return flags;
}

std::uint32_t parse_default_action(const json::Cursor& object) {
  const std::uint32_t action = parse_action(object, "defaultAction", "defaultErrnoRet");
  if (action == SECCOMP_RET_USER_NOTIF) throw object.error_at("defaultAction", "SCMP_ACT_NOTIFY cannot be the default action");
  return action;
}

void parse_listener(const json::Cursor& object, Seccomp& seccomp) {
  if (const auto path = object.find("listenerPath"); path && !path->empty()) seccomp.listener_path = parse_absolute_path(*path);
  if (const auto metadata = object.find("listenerMetadata")) seccomp.listener_metadata = metadata->string();
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty())
    throw object.error_at("listenerMetadata", "needs a listenerPath");
}

}  // namespace

Seccomp parse_seccomp(const json::Cursor& object) {
  Seccomp seccomp;
  seccomp.default_action = parse_default_action(object);
  parse_listener(object, seccomp);
  seccomp.flags = parse_flags(object);
  if (const auto list = object.find("architectures"))
    for (const json::Cursor& item : list->items())
      seccomp.architectures.push_back(parse_word(item, kernel::kSeccompArchitectures, "architecture").name);
  if (const auto list = object.find("syscalls"))
    for (const json::Cursor& item : list->items()) seccomp.rules.push_back(parse_rule(item));
  return seccomp;
}

}  // namespace crumb::oci
