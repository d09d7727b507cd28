// linux.uidMappings, linux.gidMappings, linux.timeOffsets and those of mounts (config-linux.md, User namespace mappings, Offset
// for Time Namespace; config.md, Mounts).
#include <sched.h>

#include <algorithm>

#include "kernel/namespaces.h"
#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::uint64_t kIds = 1ULL << 32;
constexpr std::uint64_t kLargestId = kIds - 1;
constexpr std::size_t kMostMappings = 340;  // the kernel's UID_GID_MAP_MAX_EXTENTS
constexpr std::uint64_t kLargestNanoseconds = 999'999'999;

std::uint32_t parse_id(const json::Cursor& id) { return static_cast<std::uint32_t>(id.natural(kLargestId)); }

bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

IdMapping parse_mapping(const json::Cursor& object) {
  IdMapping mapping;
  mapping.container = parse_id(object.at("containerID"));
  mapping.host = parse_id(object.at("hostID"));
  const json::Cursor size = object.at("size");
  mapping.size = parse_id(size);
  if (mapping.size == 0) throw size.error("0 is not a number of ids");
  const std::uint64_t room = kIds - std::max(mapping.container, mapping.host);
  if (mapping.size > room)
    throw size.error(fmt::format("{} ids are more than there are from the first on, {}", mapping.size, room));
  return mapping;
}

void refuse_overlap(const json::Cursor& object, const IdMapping& mapping, const std::vector<IdMapping>& others) {
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (overlap(mapping.container, mapping.size, others[i].container, others[i].size))
      throw object.error_at("containerID", fmt::format("the range overlaps with that of entry {}", i));
    if (overlap(mapping.host, mapping.size, others[i].host, others[i].size))
      throw object.error_at("hostID", fmt::format("the range overlaps with that of entry {}", i));
  }
}

std::vector<IdMapping> find_mappings(const json::Cursor& object, std::string_view key) {
  std::vector<IdMapping> mappings;
  const auto list = object.find(key);
  if (!list) return mappings;
  for (const json::Cursor& item : list->items()) {
    const IdMapping mapping = parse_mapping(item);
    refuse_overlap(item, mapping, mappings);
    mappings.push_back(mapping);
  }
  if (mappings.size() > kMostMappings)
    throw list->error(fmt::format("{} entries, and the kernel takes {}", mappings.size(), kMostMappings));
  return mappings;
}

const Namespace* find_namespace(const Linux& config, std::uint64_t type) {
  const auto found = std::ranges::find(config.namespaces, type, &Namespace::type);
  return found == config.namespaces.end() ? nullptr : &*found;
}

TimeOffset parse_offset(std::string_view clock, const json::Cursor& object) {
  TimeOffset offset;
  if (clock != "monotonic" && clock != "boottime") throw object.error("unknown clock");
  offset.clock = clock;
  if (const auto seconds = object.find("secs")) offset.seconds = seconds->integer();
  if (const auto nanoseconds = object.find("nanosecs"))
    offset.nanoseconds = static_cast<std::uint32_t>(nanoseconds->natural(kLargestNanoseconds));
  return offset;
}

}  // namespace

void parse_user_mappings(const json::Cursor& linux_object, Linux& result) {
  result.uid_mappings = find_mappings(linux_object, "uidMappings");
  result.gid_mappings = find_mappings(linux_object, "gidMappings");
  const Namespace* user = find_namespace(result, CLONE_NEWUSER);
  for (const auto& [key, mappings] : {std::pair{"uidMappings", &result.uid_mappings}, {"gidMappings", &result.gid_mappings}}) {
    if (!user && !mappings->empty()) throw linux_object.error_at(key, "needs a \"user\" namespace in linux.namespaces");
    if (user && user->path.empty() && mappings->empty())
      throw linux_object.error_at(key, "missing: a new \"user\" namespace needs it");
  }
}

void parse_mount_mappings(const json::Cursor& mount_object, Mount& mount) {
  mount.uid_mappings = find_mappings(mount_object, "uidMappings");
  mount.gid_mappings = find_mappings(mount_object, "gidMappings");
  if (mount.uid_mappings.empty() == mount.gid_mappings.empty()) return;
  throw mount_object.error_at(mount.uid_mappings.empty() ? "uidMappings" : "gidMappings",
                              "missing: an idmapped mount needs both");
}

void parse_time_offsets(const json::Cursor& linux_object, Linux& result) {
  const auto offsets = linux_object.find("timeOffsets");
  if (!offsets) return;
  for (const auto& [clock, object] : offsets->members()) result.time_offsets.push_back(parse_offset(clock, object));
  const Namespace* time = find_namespace(result, CLONE_NEWTIME);
  if (result.time_offsets.empty() || (time && time->path.empty())) return;
  throw offsets->error(time ? "the \"time\" namespace is joined by its path, and has its own"
                            : "needs a \"time\" namespace in linux.namespaces");
}

}  // namespace crumb::oci
