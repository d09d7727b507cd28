#include "kernel/mount_options.h"

#include "plan/parts.h"

namespace crumb::plan {
namespace {

using kernel::MountOption;
using kernel::MountOptionKind;

struct Found {
  const MountOption* option = nullptr;
  bool recursive = false;
};

// "rro" is "ro" for all mounts below, too; "ro" itself is no recursive "o": whole words come first.
Found find_option(std::string_view word) {
  if (const MountOption* option = kernel::find_mount_option(word)) return {option, false};
  if (word.starts_with('r')) {
    const MountOption* option = kernel::find_mount_option(word.substr(1));
    if (option && (option->kind == MountOptionKind::attribute || option->kind == MountOptionKind::atime)) return {option, true};
    // crun knows "rsync" and the like: a filesystem is the same for all its mounts.
    if (option && option->kind == MountOptionKind::superblock && !word.ends_with("time") && !word.ends_with("version"))
      return {option, false};
  }
  // "idmap=uids=0-1000-1"
  const MountOption* option = kernel::find_mount_option(word.substr(0, word.find('=')));
  const bool takes_value = option && (option->kind == MountOptionKind::refused || option->kind == MountOptionKind::idmap);
  return {takes_value ? option : nullptr, false};
}

void change_bits(bool clear, std::uint64_t bits, std::uint64_t& set, std::uint64_t& cleared) {
  set = clear ? set & ~bits : set | bits;
  cleared = clear ? cleared | bits : cleared & ~bits;
}

// The access time is one field of several bits: whoever sets it clears all of it first, as mount_setattr(2) demands.
void change_atime(const MountOption& option, std::uint64_t& set, std::uint64_t& cleared) {
  if (option.clear && option.value == MOUNT_ATTR_RELATIME) return;  // norelatime: relatime is the kernel's default
  const std::uint64_t now = set & MOUNT_ATTR__ATIME;
  if (!option.clear || now == option.value) set &= ~std::uint64_t{MOUNT_ATTR__ATIME};
  if (!option.clear) set |= option.value;
  cleared |= MOUNT_ATTR__ATIME;
}

void apply(const Found& found, Mount& step) {
  const MountOption& option = *found.option;
  std::uint64_t& set = found.recursive ? step.recursive_set : step.set;
  std::uint64_t& cleared = found.recursive ? step.recursive_clear : step.clear;
  switch (option.kind) {
    case MountOptionKind::nothing:
    case MountOptionKind::idmap:  // idmap.cc
    case MountOptionKind::refused:
      break;
    case MountOptionKind::attribute:
      change_bits(option.clear, option.value, set, cleared);
      break;
    case MountOptionKind::atime:
      change_atime(option, set, cleared);
      break;
    case MountOptionKind::superblock:
      step.superblock = option.clear ? step.superblock & ~option.value : step.superblock | option.value;
      break;
    case MountOptionKind::flag:
      step.flags |= option.value;
      break;
    case MountOptionKind::propagation:
      step.propagation.push_back(option.value);
      break;
  }
}

void read_options(const Input& input, const oci::Mount& mount, Mount& step) {
  for (std::size_t i = 0; i < mount.options.size(); ++i) {
    const std::string& word = mount.options[i];
    const Found found = find_option(word);
    if (!found.option) {
      if (!word.empty()) step.data.append(step.data.empty() ? "" : ",").append(word);
    } else if (found.option->kind == MountOptionKind::refused) {
      throw input.error(fmt::format("{}.options[{}]", mount.place, i), fmt::format("\"{}\" is {}", word, kNotSupported));
    } else {
      apply(found, step);
    }
  }
}

// Filesystems of the kernel have one superblock for a whole namespace or machine: read-only is this mount's alone.
bool shares_superblock(std::string_view type) {
  constexpr std::string_view kShared[] = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue"};
  return std::find(std::begin(kShared), std::end(kShared), type) != std::end(kShared);
}

// procfs, sysfs and cgroups have labels of their own; mqueue takes one for its root's inode only.
std::string label_for(std::string_view type, const std::string& option) {
  if (type == "proc" || type == "sysfs" || type == "cgroup" || type == "cgroup2") return "";
  return type == "mqueue" && !option.empty() ? option.substr(option.find('=') + 1) : option;
}

void check_copies(const Input& input, const oci::Mount& mount, const Mount& step) {
  const std::string place = mount.place + ".options";
  if ((step.flags & wire::kCopyUp) && (mount.type != "tmpfs" || (step.flags & (wire::kBind | wire::kRemount))))
    throw input.error(place, "\"tmpcopyup\" is for a tmpfs");
  if (!(step.flags & wire::kCopyLink)) return;
  if (!(step.flags & wire::kBind)) throw input.error(place, "\"copy-symlink\" is for a bind mount");
  if (step.flags & (wire::kSourceNoFollow | wire::kTargetNoFollow))
    throw input.error(place, "\"copy-symlink\" cannot be had together with \"src-nofollow\" or \"dest-nofollow\"");
}

std::string absolute_source(const Input& input, const oci::Mount& mount) {
  if (mount.source.empty()) throw input.error(mount.place + ".source", "missing: a bind mount needs one");
  return mount.source.starts_with('/') ? mount.source : input.surroundings.bundle + "/" + mount.source;
}

}  // namespace

Mount compile_mount(const Input& input, const oci::Mount& mount) {
  Mount step;
  step.target = mount.destination;
  if (mount.type == "bind") step.flags |= wire::kBind;
  read_options(input, mount, step);
  check_copies(input, mount, step);
  if (step.flags & wire::kBind) {
    // A bind has no filesystem of its own to set options of: the kernel takes none.
    step.superblock = 0;
    step.data.clear();
    if (!(step.flags & wire::kRemount)) step.source = absolute_source(input, mount);
    return step;
  }
  if (mount.type.empty() && !(step.flags & wire::kRemount)) throw input.error(mount.place + ".type", "missing");
  step.type = mount.type;
  step.source = mount.source;
  step.label = label_for(step.type, mount_label(input));
  if ((step.set & MOUNT_ATTR_RDONLY) && !shares_superblock(step.type)) step.superblock |= MS_RDONLY;
  return step;
}

}  // namespace crumb::plan
