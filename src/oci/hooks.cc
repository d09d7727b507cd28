#include <limits>

#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::int64_t kLongestTimeout = std::numeric_limits<std::int32_t>::max();

std::vector<std::string> parse_environment(const json::Cursor& list) {
  std::vector<std::string> environment;
  for (const json::Cursor& item : list.items()) {
    std::string entry = item.string();
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) throw item.error(fmt::format("\"{}\" is not NAME=VALUE", entry));
    environment.push_back(std::move(entry));
  }
  return environment;
}

Hook parse_hook(const json::Cursor& object) {
  Hook hook;
  hook.path = parse_absolute_path(object.at("path"));
  if (const auto args = object.find("args")) hook.args = args->strings();
  if (hook.args.empty()) hook.args.push_back(hook.path);
  if (const auto env = object.find("env")) hook.env = parse_environment(*env);
  if (const auto timeout = object.find("timeout"))
    hook.timeout = static_cast<std::uint32_t>(timeout->integer(1, kLongestTimeout));
  return hook;
}

}  // namespace

Hooks parse_hooks(const json::Cursor& object) {
  Hooks hooks;
  for (const auto& [kind, list] : kHookKinds)
    if (const auto entries = object.find(kind))
      for (const json::Cursor& entry : entries->items()) (hooks.*list).push_back(parse_hook(entry));
  return hooks;
}

}  // namespace crumb::oci
