#include "cli/process.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "cli/numbers.h"
#include "kernel/capabilities.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

// uid_t and gid_t -1 mean "leave unchanged" to the kernel.
constexpr std::uint32_t kLargestId = std::numeric_limits<std::uint32_t>::max() - 1;

std::uint32_t parse_id(std::string_view text, const char* flag, const std::string& whole) {
  const std::optional<std::uint32_t> id = parse_number(text, kLargestId);
  if (!id)
    throw fail("exec: option --{}: {} is not {}", flag, quote(whole),
               std::string_view(flag) == "user" ? "UID or UID:GID, in numbers" : "a group's number");
  return *id;
}

void set_user(oci::User& user, const std::string& text) {
  const std::size_t colon = text.find(':');
  user.uid = parse_id(std::string_view(text).substr(0, colon), "user", text);
  if (colon != std::string::npos) user.gid = parse_id(std::string_view(text).substr(colon + 1), "user", text);
}

void add_capability(oci::Capabilities& sets, const std::string& name) {
  const int number = kernel::capability_number(name);
  if (number < 0) throw fail("exec: option --cap: unknown capability {}", quote(name));
  const std::uint64_t bit = std::uint64_t{1} << number;
  sets.bounding |= bit;
  sets.effective |= bit;
  sets.permitted |= bit;
  sets.ambient |= bit & sets.inheritable;
}

}  // namespace

void set_variable(std::vector<std::string>& environment, const std::string& text, const char* command) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw fail("{}: option --env: {} is not NAME=VALUE", command, quote(text));
  const std::string_view name = std::string_view(text).substr(0, equals + 1);
  std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name); });
  environment.push_back(text);
}

oci::Process apply(oci::Process process, const ProcessFlags& flags) {
  process.args = flags.command;
  process.terminal = false;  // the container's own says nothing about this one
  process.console_size = {};
  if (!flags.cwd.empty()) {
    if (flags.cwd[0] != '/') throw fail("exec: option --cwd: {} is not an absolute path", quote(flags.cwd));
    process.cwd = flags.cwd;
  }
  if (!flags.user.empty()) set_user(process.user, flags.user);
  for (const std::string& gid : flags.gids) process.user.additional_gids.push_back(parse_id(gid, "additional-gids", gid));
  for (const std::string& variable : flags.env) set_variable(process.env, variable, "exec");
  for (const std::string& name : flags.capabilities) add_capability(process.capabilities, name);
  if (flags.no_new_privileges) process.no_new_privileges = true;
  if (!flags.process_label.empty()) process.selinux_label = flags.process_label;
  if (!flags.apparmor.empty()) process.apparmor_profile = flags.apparmor;
  return process;
}

container::SubCgroups parse_sub_cgroups(const std::vector<std::string>& values) {
  container::SubCgroups wanted;
  for (const std::string& value : values) {
    const std::size_t colon = value.find(':');
    if (colon == std::string::npos && values.size() > 1)
      throw fail("exec: option --cgroup: {} has no controller, and so must be the only one", quote(value));
    const std::string path = colon == std::string::npos ? value : value.substr(colon + 1);
    if (path.empty()) throw fail("exec: option --cgroup: {} names no cgroup", quote(value));
    if (colon == std::string::npos) return {{"", path}};
    for (const std::string_view controller : split(std::string_view(value).substr(0, colon), ',')) {
      if (controller.empty()) throw fail("exec: option --cgroup: {}: a controller's name is missing", quote(value));
      if (!wanted.emplace(controller, path).second)
        throw fail("exec: option --cgroup: controller {} is there twice", quote(controller));
    }
  }
  return wanted;
}

}  // namespace crumb::cli
