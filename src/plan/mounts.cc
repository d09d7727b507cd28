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

bool is_below_sys(const std::string& source) { return source == "/sys" || source.starts_with("/sys/") || source == "/"; }

// CVE-2023-25809: below a read-only /sys lies the host's writable cgroup filesystem, and whoever is root in the user namespace
// may own parts of it.
void protect_sys(Mount& mount) {
  if (mount.set & MOUNT_ATTR_RDONLY) mount.recursive_set |= MOUNT_ATTR_RDONLY;
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
  Filesystem(const Input& input, Host& host, std::vector<Source>& sources, std::vector<Step>& steps)
      : input_(input), host_(host), sources_(sources), steps_(steps), label_(mount_label(input)) {}

  void add_mounts();
  void add_devices();
  void add_working_directory();
  void add_read_only_remounts();
  void add_hidden_paths();

 private:
  void add_entry(const oci::Mount& entry);
  void add_mount(Mount mount);
  void open_early(const std::optional<MountIdmap>& idmap, Mount& mount);
  void add_host_sysfs(Mount mount);
  void add_cgroup_mount(const oci::Mount& entry, Mount mount);
  Mount unified_mount(Mount mount) const;
  void add_hierarchies(const oci::Mount& entry, const Mount& mount);
  Mount hierarchy_mount(const Mount& mount, const CgroupHierarchy& hierarchy) const;
  const CgroupLeaf* find_leaf(const CgroupHierarchy& hierarchy) const;

  const Input& input_;
  Host& host_;
  std::vector<Source>& sources_;
  std::vector<Step>& steps_;
  const std::string label_;  // SELinux's option for new filesystems
  std::vector<std::string> read_only_later_;
  bool dev_is_bound_ = false;
};

void Filesystem::add_mounts() {
  for (const oci::Mount& entry : input_.config.mounts) add_entry(entry);
}

void Filesystem::add_entry(const oci::Mount& entry) {
  Mount mount = compile_mount(input_, entry);
  if (is_dev(mount) && (mount.flags & wire::kBind)) dev_is_bound_ = true;
  const std::optional<MountIdmap> idmap = compile_idmap(input_, entry);
  const bool bound = (mount.flags & (wire::kBind | wire::kRemount)) == wire::kBind;
  if (idmap && !bound) throw input_.error(entry.place, "only a bind mount can be idmapped");
  if (bound) open_early(idmap, mount);
  const bool made = !(mount.flags & (wire::kBind | wire::kRemount));
  if (made && mount.type == "cgroup")
    add_cgroup_mount(entry, std::move(mount));
  else if (made && mount.type == "sysfs" && input_.in_user_namespace() && !input_.has_namespace(CLONE_NEWNET))
    add_host_sysfs(std::move(mount));
  else
    add_mount(std::move(mount));
}

// What a mapped root may have no right to, and what only crumb's root may idmap: the first stage opens it while it still has
// crumb's rights. In a mount namespace that is joined paths mean something else.
void Filesystem::open_early(const std::optional<MountIdmap>& idmap, Mount& mount) {
  if (input_.in_user_namespace() && is_below_sys(mount.source)) protect_sys(mount);
  const bool loses_rights = input_.has_namespace(CLONE_NEWUSER) && input_.surroundings.privileged && !input_.joins(CLONE_NEWNS);
  if (!idmap && !loses_rights) return;
  if (mount.flags & wire::kCopyLink) return;  // it may lead nowhere: what counts is the link itself
  constexpr std::uint64_t kOfSource = wire::kBindRecursive | wire::kSourceNoFollow | wire::kOptional;
  Source source{.path = mount.source,
                .flags = mount.flags & kOfSource,
                .propagation = first_propagation(input_.config.linux_.rootfs_propagation)};
  source.idmap_recursive = idmap && idmap->recursive;
  sources_.push_back(source);
  mount.opened = sources_.size();
  if (!idmap) return;
  host_.idmaps.push_back(idmap->idmap);
  host_.idmaps.back().source = sources_.size();
}

// A sysfs shows a network namespace, which must belong to the user namespace that mounts it.
void Filesystem::add_host_sysfs(Mount mount) {
  mount.type.clear();
  mount.source = "/sys";
  mount.flags |= wire::kBind | wire::kBindRecursive;
  mount.recursive_set |= MOUNT_ATTR_RDONLY;
  steps_.emplace_back(std::move(mount));
}

// Targets of later mounts are made inside a tmpfs, devices and links inside /dev: they must be writable until then.
void Filesystem::add_mount(Mount mount) {
  const bool made_here = !(mount.flags & (wire::kBind | wire::kRemount));
  const bool read_only = ((mount.set | mount.recursive_set) & MOUNT_ATTR_RDONLY) != 0;
  if (made_here && read_only && (mount.type == "tmpfs" || is_dev(mount))) {
    mount.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    mount.recursive_set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
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
      steps_.emplace_back(unified_mount(std::move(mount)));
      break;
    case CgroupMode::v1:
    case CgroupMode::hybrid:
      add_hierarchies(entry, mount);
      break;
  }
}

// Of a user namespace without a cgroup namespace the kernel takes no cgroup mount: the host's, read-only. A container that has
// no cgroup of its own, because crumb may make none or was told not to, is in crumb's, which is not its to change.
Mount Filesystem::unified_mount(Mount mount) const {
  if (input_.in_user_namespace() && !input_.has_namespace(CLONE_NEWCGROUP)) {
    mount.type.clear();
    mount.data.clear();
    mount.source = input_.surroundings.cgroups.hierarchies.front().mountpoint;
    mount.flags |= wire::kBind | wire::kBindRecursive;
    mount.recursive_set |= MOUNT_ATTR_RDONLY;
    return mount;
  }
  mount.type = "cgroup2";
  if (host_.cgroup_leaves.empty()) mount.set |= MOUNT_ATTR_RDONLY;
  return mount;
}

// v1: a tmpfs with a directory for each hierarchy, and links for the names of those that share one.
void Filesystem::add_hierarchies(const oci::Mount& entry, const Mount& mount) {
  if (!mount.data.empty())
    throw input_.error(entry.place + ".options", fmt::format("\"{}\": a cgroup mount takes no such option", mount.data));
  Mount top = mount;
  top.type = top.source = "tmpfs";
  top.label = label_;
  top.data = "mode=755";
  top.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  steps_.emplace_back(top);
  for (const CgroupHierarchy& hierarchy : input_.surroundings.cgroups.hierarchies)
    steps_.emplace_back(hierarchy_mount(mount, hierarchy));
  for (const CgroupHierarchy& hierarchy : input_.surroundings.cgroups.hierarchies) {
    const std::string directory = last_component(hierarchy.mountpoint);
    if (hierarchy.unified || hierarchy.controllers.size() < 2) continue;
    for (const std::string& controller : hierarchy.controllers)
      if (controller != directory) steps_.emplace_back(Symlink{.target = directory, .path = mount.target + "/" + controller});
  }
  if (mount.set & MOUNT_ATTR_RDONLY) steps_.emplace_back(read_only_remount(mount.target));
}

// Without a cgroup namespace of its own the container is shown only its own directory of each hierarchy, if it has one.
Mount Filesystem::hierarchy_mount(const Mount& mount, const CgroupHierarchy& hierarchy) const {
  Mount step = mount;
  step.target = without_trailing_slashes(mount.target) + "/" + last_component(hierarchy.mountpoint);
  const CgroupLeaf* leaf = find_leaf(hierarchy);
  if (!leaf) step.set |= MOUNT_ATTR_RDONLY;
  if (!input_.has_namespace(CLONE_NEWCGROUP)) {
    step.type.clear();
    step.source = leaf ? leaf->mountpoint + leaf->path : hierarchy.mountpoint;
    step.flags |= wire::kBind | (leaf && leaf->required ? 0 : wire::kOptional);
    return step;
  }
  step.type = step.source = hierarchy.unified ? "cgroup2" : "cgroup";
  if (hierarchy.unified) return step;
  step.data = joined(hierarchy.controllers);
  if (step.data.starts_with("name=")) step.data.insert(0, "none,");
  return step;
}

const CgroupLeaf* Filesystem::find_leaf(const CgroupHierarchy& hierarchy) const {
  for (const CgroupLeaf& leaf : host_.cgroup_leaves)
    if (leaf.mountpoint == hierarchy.mountpoint) return &leaf;
  return nullptr;
}

// A /dev bound from elsewhere is complete as it is.
void Filesystem::add_devices() {
  if (dev_is_bound_) return;
  const std::vector<oci::Device>& own = input_.config.linux_.devices;
  for (const DefaultDevice& device : kDefaultDevices)
    if (std::none_of(own.begin(), own.end(), [&](const oci::Device& other) { return other.path == device.path; }))
      steps_.emplace_back(Device{.path = device.path,
                                 .mode = S_IFCHR | kDefaultMode,
                                 .major = device.major,
                                 .minor = device.minor,
                                 .bind = input_.in_user_namespace()});
  for (const oci::Device& device : own)
    steps_.emplace_back(Device{.path = device.path,
                               .mode = device.type | device.file_mode.value_or(kDefaultMode),
                               .major = device.major,
                               .minor = device.minor,
                               .uid = device.uid,
                               .gid = device.gid,
                               .bind = input_.in_user_namespace() && device.type != S_IFIFO});
  for (const DefaultLink& link : kDefaultLinks) steps_.emplace_back(Symlink{.target = link.target, .path = link.path});
}

// Before anything, the root included, becomes read-only.
void Filesystem::add_working_directory() { steps_.emplace_back(MakeDirectory{.path = input_.process().cwd}); }

void Filesystem::add_read_only_remounts() {
  for (const std::string& target : read_only_later_) steps_.emplace_back(read_only_remount(target));
}

void Filesystem::add_hidden_paths() {
  for (const std::string& path : input_.config.linux_.readonly_paths) steps_.emplace_back(ReadonlyPath{.path = path});
  for (const std::string& path : input_.config.linux_.masked_paths) steps_.emplace_back(Mask{.path = path, .label = label_});
}

}  // namespace

void add_filesystem(const Input& input, Host& host, std::vector<Source>& sources, std::vector<Step>& steps) {
  Filesystem filesystem(input, host, sources, steps);
  filesystem.add_mounts();
  filesystem.add_devices();
  filesystem.add_working_directory();
  add_hooks_of_creation(input, host, steps);
  add_terminal(input.process(), true, steps);  // /dev/console is made while /dev can still be written to
  filesystem.add_read_only_remounts();
  filesystem.add_hidden_paths();
}

}  // namespace crumb::plan
