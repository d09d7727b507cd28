// Idmapped mounts: mounts[].uidMappings and gidMappings, the options idmap and ridmap, and podman's form of them,
// "idmap=uids=0-1000-1#1-2000-5;gids=0-1000-1": per range the first id of the filesystem, the first that it is on the host, and
// their number. After "@" the second is one of the container's user namespace.
#include <charconv>
#include <limits>

#include "kernel/mount_options.h"
#include "plan/parts.h"
#include "support/text.h"

namespace crumb::plan {
namespace {

using Mappings = std::vector<oci::IdMapping>;

// The container's own maps; none where its user namespace is joined or crumb's.
IdMaps container_maps(const Input& input) {
  const oci::Linux& config = input.config.linux_;
  if (input.joins(CLONE_NEWUSER)) return {};
  return {config.uid_mappings, config.gid_mappings, false};
}

std::string joined_path(const Input& input) {
  for (const oci::Namespace& space : input.config.linux_.namespaces)
    if (space.type == CLONE_NEWUSER) return space.path;
  return {};
}

// The value of one mount's option.
class Value {
 public:
  Value(const Input& input, std::string place) : input_(input), place_(std::move(place)) {}

  IdMaps parse(std::string_view text) const {
    IdMaps maps = container_maps(input_);
    for (const std::string_view part : split(text, ';')) {
      if (part.starts_with("uids="))
        maps.uids = parse_ranges(part.substr(5), maps.uids);
      else if (part.starts_with("gids="))
        maps.gids = parse_ranges(part.substr(5), maps.gids);
      else
        throw error(fmt::format("\"{}\" is neither uids=... nor gids=...", part));
    }
    if (maps.uids.empty() || maps.gids.empty()) throw error("both uids= and gids= are needed");
    return maps;
  }

 private:
  Error error(std::string_view reason) const { return input_.error(place_, reason); }

  Mappings parse_ranges(std::string_view text, const Mappings& container) const {
    Mappings mappings;
    for (std::string_view range : split(text, '#')) {
      const bool relative = range.starts_with('@');
      if (relative) range.remove_prefix(1);
      oci::IdMapping mapping = parse_range(range);
      if (relative) mapping.host = host_id(mapping, container);
      mappings.push_back(mapping);
    }
    return mappings;
  }

  oci::IdMapping parse_range(std::string_view range) const {
    const std::vector<std::string_view> numbers = split(range, '-');
    if (numbers.size() != 3) throw error(fmt::format("\"{}\" is not FIRST-ON-HOST-SIZE", range));
    const oci::IdMapping mapping{parse_id(numbers[0]), parse_id(numbers[1]), parse_id(numbers[2])};
    const std::uint64_t last = std::uint64_t{std::max(mapping.container, mapping.host)} + mapping.size;
    if (mapping.size == 0 || last > std::uint64_t{1} << 32) throw error(fmt::format("\"{}\": not a number of ids", range));
    return mapping;
  }

  std::uint32_t parse_id(std::string_view digits) const {
    std::uint32_t id = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (failed != std::errc{} || end != digits.data() + digits.size()) throw error(fmt::format("\"{}\" is not an id", digits));
    return id;
  }

  std::uint32_t host_id(const oci::IdMapping& mapping, const Mappings& container) const {
    for (const oci::IdMapping& range : container) {
      if (mapping.host < range.container) continue;
      const std::uint32_t offset = mapping.host - range.container;
      if (offset < range.size && mapping.size <= range.size - offset) return range.host + offset;
    }
    throw error(fmt::format("the container's user namespace has no {} ids from {} on", mapping.size, mapping.host));
  }

  const Input& input_;
  std::string place_;
};

// The last of the options that asks for an idmapped mount.
struct Option {
  std::string place;
  std::string_view value;  // empty: the container's own mapping
  bool recursive = false;
};

std::optional<Option> find_idmap(const oci::Mount& mount) {
  std::optional<Option> found;
  for (std::size_t i = 0; i < mount.options.size(); ++i) {
    const std::string_view word = mount.options[i];
    const std::size_t end = std::min(word.find('='), word.size());
    const kernel::MountOption* option = kernel::find_mount_option(word.substr(0, end));
    if (!option || option->kind != kernel::MountOptionKind::idmap) continue;
    found =
        Option{fmt::format("{}.options[{}]", mount.place, i), word.substr(std::min(end + 1, word.size())), option->value != 0};
  }
  return found;
}

Idmap container_idmap(const Input& input, const Option& option) {
  Idmap idmap{.maps = container_maps(input), .path = joined_path(input)};
  if (idmap.path.empty() && idmap.maps.uids.empty())
    throw input.error(option.place, "needs uidMappings and gidMappings, or a \"user\" namespace of the container");
  return idmap;
}

}  // namespace

std::optional<MountIdmap> compile_idmap(const Input& input, const oci::Mount& mount) {
  const std::optional<Option> option = find_idmap(mount);
  if (!option && mount.uid_mappings.empty()) return std::nullopt;
  const std::string place = option ? option->place : mount.place + ".uidMappings";
  if (input.surroundings.ordinary_user()) throw input.error(place, "only root can make idmapped mounts");
  MountIdmap result;
  result.recursive = option && option->recursive;
  if (option && !option->value.empty())
    result.idmap.maps = Value(input, place).parse(option->value);
  else if (option && mount.uid_mappings.empty())
    result.idmap = container_idmap(input, *option);
  else
    result.idmap.maps = {mount.uid_mappings, mount.gid_mappings, false};
  return result;
}

}  // namespace crumb::plan
