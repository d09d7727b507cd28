#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>

#include "plan/parts.h"

namespace crumb::plan {
namespace {

constexpr std::uint64_t kDefaultMode = 0666;

// What every container has (config-linux.md, Default Devices) and callers rely on.
struct DefaultDevice {
  const char* path;
  std::uint64_t major, minor;
};
constexpr DefaultDevice kDefaultDevices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                                             {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};

struct DefaultLink {
  const char* target;
  const char* path;
};
constexpr DefaultLink kDefaultLinks[] = {{"/proc/self/fd", "/dev/fd"},       {"/proc/self/fd/0", "/dev/stdin"},
                                         {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
                                         {"/proc/kcore", "/dev/core"},       {"pts/ptmx", "/dev/ptmx"}};

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool is_dev(const Mount& mount) { return without_trailing_slashes(mount.target) == "/dev"; }

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result.append(result.empty() ? "" : ",").append(word);
  return result;
}

Mount read_only_remount(const std::string& target) {
  return Mount{.target = target, .flags = wire::kRemount | wire::kBind, .set = MOUNT_ATTR_RDONLY};
}

// Collects the steps; what must stay writable while they run becomes read-only at their end.
class Filesystem {
 public:
  Filesystem(const Input& input, const Host& host, std::vector<Step>& steps) : input_(input), host_(host), steps_(steps) {}

  void add_mounts();
  void add_devices();
  void add_working_directory();
  void add_read_only_remounts();
  void add_hidden_paths();

 private:
  void add_mount(Mount mount);
  void add_cgroup_mount(const oci::Mount& entry, Mount mount);
  void add_hierarchies(const oci::Mount& entry, const Mount& mount);
  Mount hierarchy_mount(const oci::Mount& entry, const Mount& mount, const CgroupHierarchy& hierarchy) const;
  const CgroupLeaf& leaf_of(const oci::Mount& entry, const CgroupHierarchy& hierarchy) const;

  const Input& input_;
  const Host& host_;
  std::vector<Step>& steps_;
  std::vector<std::string> read_only_later_;
  bool dev_is_bound_ = false;
};

void Filesystem::add_mounts() {
  for (const oci::Mount& entry : input_.config.mounts) {
    Mount mount = compile_mount(input_, entry);
    if (is_dev(mount) && (mount.flags & wire::kBind)) dev_is_bound_ = true;
    if (mount.type == "cgroup" && !(mount.flags & wire::kRemount))
      add_cgroup_mount(entry, std::move(mount));
    else
      add_mount(std::move(mount));
  }
}

// Targets of later mounts are made inside a tmpfs, devices and links inside /dev: they must be writable until then.
void Filesystem::add_mount(Mount mount) {
  const bool made_here = !(mount.flags & (wire::kBind | wire::kRemount));
  if (made_here && (mount.set & MOUNT_ATTR_RDONLY) && (mount.type == "tmpfs" || is_dev(mount))) {
    mount.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    mount.superblock &= ~std::uint64_t{MS_RDONLY};
    read_only_later_.push_back(mount.target);
  }
  steps_.emplace_back(std::move(mount));
}

void Filesystem::add_cgroup_mount(const oci::Mount& entry, Mount mount) {
  switch (input_.surroundings.cgroups.mode) {
    case CgroupMode::none:
      throw input_.error(entry.place + ".type", "this machine has no cgroups mounted");
    case CgroupMode::v2:
      mount.type = "cgroup2";
      steps_.emplace_back(std::move(mount));
      break;
    case CgroupMode::v1:
    case CgroupMode::hybrid:
      add_hierarchies(entry, mount);
      break;
  }
}

// v1: a tmpfs with a directory for each hierarchy, and links for the names of those that share one.
void Filesystem::add_hierarchies(const oci::Mount& entry, const Mount& mount) {
  if (!mount.data.empty())
    throw input_.error(entry.place + ".options", fmt::format("\"{}\": a cgroup mount takes no such option", mount.data));
  Mount top = mount;
  top.type = top.source = "tmpfs";
  top.data = "mode=755";
  top.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  steps_.emplace_back(top);
  for (const CgroupHierarchy& hierarchy : input_.surroundings.cgroups.hierarchies)
    steps_.emplace_back(hierarchy_mount(entry, mount, hierarchy));
  for (const CgroupHierarchy& hierarchy : input_.surroundings.cgroups.hierarchies) {
    const std::string directory = last_component(hierarchy.mountpoint);
    if (hierarchy.unified || hierarchy.controllers.size() < 2) continue;
    for (const std::string& controller : hierarchy.controllers)
      if (controller != directory) steps_.emplace_back(Symlink{.target = directory, .path = mount.target + "/" + controller});
  }
  if (mount.set & MOUNT_ATTR_RDONLY) steps_.emplace_back(read_only_remount(mount.target));
}

// Without a cgroup namespace of its own the container is shown only its own directory of each hierarchy.
Mount Filesystem::hierarchy_mount(const oci::Mount& entry, const Mount& mount, const CgroupHierarchy& hierarchy) const {
  Mount step = mount;
  step.target = without_trailing_slashes(mount.target) + "/" + last_component(hierarchy.mountpoint);
  if (!input_.has_namespace(CLONE_NEWCGROUP)) {
    const CgroupLeaf& leaf = leaf_of(entry, hierarchy);
    step.type.clear();
    step.source = leaf.mountpoint + leaf.path;
    step.flags |= wire::kBind | (leaf.required ? 0 : wire::kOptional);
    return step;
  }
  step.type = step.source = hierarchy.unified ? "cgroup2" : "cgroup";
  if (hierarchy.unified) return step;
  step.data = joined(hierarchy.controllers);
  if (step.data.starts_with("name=")) step.data.insert(0, "none,");
  return step;
}

const CgroupLeaf& Filesystem::leaf_of(const oci::Mount& entry, const CgroupHierarchy& hierarchy) const {
  for (const CgroupLeaf& leaf : host_.cgroup_leaves)
    if (leaf.mountpoint == hierarchy.mountpoint) return leaf;
  throw input_.error(entry.place, "without a cgroup of its own the container needs a \"cgroup\" namespace for this mount");
}

// A /dev bound from elsewhere is complete as it is.
void Filesystem::add_devices() {
  if (dev_is_bound_) return;
  const std::vector<oci::Device>& own = input_.config.linux_.devices;
  for (const DefaultDevice& device : kDefaultDevices)
    if (std::none_of(own.begin(), own.end(), [&](const oci::Device& other) { return other.path == device.path; }))
      steps_.emplace_back(
          Device{.path = device.path, .mode = S_IFCHR | kDefaultMode, .major = device.major, .minor = device.minor});
  for (const oci::Device& device : own)
    steps_.emplace_back(Device{.path = device.path,
                               .mode = device.type | device.file_mode.value_or(kDefaultMode),
                               .major = device.major,
                               .minor = device.minor,
                               .uid = device.uid,
                               .gid = device.gid});
  for (const DefaultLink& link : kDefaultLinks) steps_.emplace_back(Symlink{.target = link.target, .path = link.path});
}

// Before anything, the root included, becomes read-only.
void Filesystem::add_working_directory() { steps_.emplace_back(MakeDirectory{.path = input_.config.process->cwd}); }

void Filesystem::add_read_only_remounts() {
  for (const std::string& target : read_only_later_) steps_.emplace_back(read_only_remount(target));
}

void Filesystem::add_hidden_paths() {
  for (const std::string& path : input_.config.linux_.readonly_paths) steps_.emplace_back(ReadonlyPath{.path = path});
  for (const std::string& path : input_.config.linux_.masked_paths) steps_.emplace_back(Mask{.path = path});
}

}  // namespace

void add_filesystem(const Input& input, const Host& host, std::vector<Step>& steps) {
  Filesystem filesystem(input, host, steps);
  filesystem.add_mounts();
  filesystem.add_devices();
  filesystem.add_working_directory();
  filesystem.add_read_only_remounts();
  filesystem.add_hidden_paths();
}

}  // namespace crumb::plan
