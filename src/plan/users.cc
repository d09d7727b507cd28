// User and time namespaces: what may be asked for, and what the host does for them.
#include "plan/parts.h"

namespace crumb::plan {
namespace {

bool has(const oci::Linux& config, std::uint64_t type) {
  return std::ranges::any_of(config.namespaces, [&](const oci::Namespace& space) { return space.type == type; });
}

// The one gid that whoever has no privilege may map: their own. The kernel wants setgroups denied for that
// (user_namespaces(7)).
bool maps_own_gid_only(const Input& input) {
  const std::vector<oci::IdMapping>& gids = input.config.linux_.gid_mappings;
  return gids.size() == 1 && gids[0].size == 1 && gids[0].host == input.surroundings.gid;
}

bool makes_user_namespace(const Input& input) { return input.has_namespace(CLONE_NEWUSER) && !input.joins(CLONE_NEWUSER); }

}  // namespace

bool denies_setgroups(const Input& input) {
  if (input.surroundings.deny_setgroups) return true;
  return makes_user_namespace(input) && input.surroundings.ordinary_user() && maps_own_gid_only(input);
}

bool keeps_original_groups(const std::map<std::string, std::string>& annotations) {
  const auto annotation = annotations.find("run.oci.keep_original_groups");
  return annotation != annotations.end() && annotation->second != "0";
}

void check_users(const Input& input) {
  if (input.surroundings.ordinary_user() && !has(input.config.linux_, CLONE_NEWUSER))
    throw input.error("linux.namespaces", "for an ordinary user a container needs a \"user\" namespace");
  if (denies_setgroups(input) && !input.process().user.additional_gids.empty())
    throw input.error("process.user.additionalGids",
                      "groups cannot be changed in this user namespace: only one's own gid is mapped without privilege");
}

void add_users(const Input& input, Host& host) {
  const oci::Linux& config = input.config.linux_;
  if (makes_user_namespace(input)) host.maps = IdMaps{config.uid_mappings, config.gid_mappings, denies_setgroups(input)};
  host.time_offsets = config.time_offsets;
  host.early_oom_score = input.surroundings.ordinary_user();
}

}  // namespace crumb::plan
