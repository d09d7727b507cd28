#include <sys/personality.h>
#include <sys/stat.h>

#include <algorithm>

#include "kernel/mount_options.h"
#include "kernel/namespaces.h"
#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::uint64_t kLargestId = 0xffffffff;
// The kernel's dev_t: 12 and 20 bits.
constexpr std::uint64_t kLargestMajor = 0xfff;
constexpr std::uint64_t kLargestMinor = 0xfffff;

std::uint64_t parse_namespace_type(const json::Cursor& type) {
  const std::string word = type.string();
  const auto known = std::find_if(std::begin(kernel::kNamespaces), std::end(kernel::kNamespaces),
                                  [&](const kernel::NamespaceName& name) { return name.word == word; });
  if (known == std::end(kernel::kNamespaces)) throw type.error(fmt::format("unknown namespace \"{}\"", word));
  return known->type;
}

std::vector<Namespace> parse_namespaces(const json::Cursor& list) {
  std::vector<Namespace> spaces;
  for (const json::Cursor& item : list.items()) {
    Namespace space;
    const json::Cursor type = item.at("type");
    space.type = parse_namespace_type(type);
    if (std::any_of(spaces.begin(), spaces.end(), [&](const Namespace& other) { return other.type == space.type; }))
      throw type.error(fmt::format("\"{}\" is there twice", type.string()));
    if (const auto path = item.find("path"); path && !path->string().empty()) space.path = parse_absolute_path(*path);
    spaces.push_back(space);
  }
  return spaces;
}

std::uint32_t parse_device_type(const json::Cursor& type) {
  const std::string word = type.string();
  if (word == "c" || word == "u") return S_IFCHR;
  if (word == "b") return S_IFBLK;
  if (word == "p") return S_IFIFO;
  throw type.error(fmt::format("unknown device type \"{}\"", word));
}

Device parse_device(const json::Cursor& object) {
  Device device;
  device.path = parse_absolute_path(object.at("path"));
  device.type = parse_device_type(object.at("type"));
  if (device.type != S_IFIFO) {
    device.major = object.at("major").natural(kLargestMajor);
    device.minor = object.at("minor").natural(kLargestMinor);
  }
  // Callers in Go leave the type's bits in, the kernel's or Go's own.
  if (const auto mode = object.find("fileMode"))
    device.file_mode = static_cast<std::uint32_t>(mode->natural(0xffffffff)) & 07777;
  if (const auto uid = object.find("uid")) device.uid = static_cast<std::uint32_t>(uid->natural(kLargestId));
  if (const auto gid = object.find("gid")) device.gid = static_cast<std::uint32_t>(gid->natural(kLargestId));
  return device;
}

// The words of config-linux.md and, as callers write them, those with "r".
std::uint64_t parse_propagation(const json::Cursor& propagation) {
  const std::string word = propagation.string();
  if (word.empty()) return 0;
  const kernel::MountOption* option = kernel::find_mount_option(word);
  if (!option || option->kind != kernel::MountOptionKind::propagation)
    throw propagation.error(fmt::format("unknown propagation \"{}\"", word));
  return option->value;
}

std::uint64_t parse_personality(const json::Cursor& personality) {
  if (const auto flags = personality.find("flags"); flags && !flags->empty())
    throw flags->error("the specification defines no flags");
  const json::Cursor domain = personality.at("domain");
  const std::string word = domain.string();
  if (word == "LINUX") return PER_LINUX;
  if (word == "LINUX32") return PER_LINUX32;
  throw domain.error(fmt::format("unknown personality \"{}\"", word));
}

}  // namespace

Linux parse_linux(const json::Cursor& object) {
  Linux result;
  if (const auto spaces = object.find("namespaces")) result.namespaces = parse_namespaces(*spaces);
  parse_user_mappings(object, result);
  parse_time_offsets(object, result);
  if (const auto devices = object.find("devices"))
    for (const json::Cursor& device : devices->items()) result.devices.push_back(parse_device(device));
  if (const auto path = object.find("cgroupsPath")) result.cgroups_path = path->string();
  if (const auto resources = object.find("resources")) result.resources = parse_resources(*resources);
  if (const auto paths = object.find("maskedPaths")) result.masked_paths = parse_absolute_paths(*paths);
  if (const auto paths = object.find("readonlyPaths")) result.readonly_paths = parse_absolute_paths(*paths);
  if (const auto seccomp = object.find("seccomp"); seccomp && !seccomp->empty()) result.seccomp = parse_seccomp(*seccomp);
  if (const auto personality = object.find("personality"); personality && !personality->empty())
    result.personality = parse_personality(*personality);
  if (const auto propagation = object.find("rootfsPropagation")) result.rootfs_propagation = parse_propagation(*propagation);
  if (const auto settings = object.find("sysctl"))
    for (const auto& [name, value] : settings->members()) result.sysctl.emplace(name, value.string());
  if (const auto policy = object.find("memoryPolicy"); policy && !policy->empty())
    result.memory_policy = parse_memory_policy(*policy);
  if (const auto devices = object.find("netDevices"); devices && (devices->content().is_object() || !devices->empty()))
    result.net_devices = parse_net_devices(*devices);
  if (const auto rdt = object.find("intelRdt"); rdt && (rdt->content().is_object() || !rdt->empty()))
    result.intel_rdt = parse_intel_rdt(*rdt);
  if (const auto label = object.find("mountLabel")) result.mount_label = label->string();
  return result;
}

}  // namespace crumb::oci
