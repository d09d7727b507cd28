// Making a container's leaves.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <ranges>

#include "linux/cgroup.h"
#include "linux/cgroup_limits.h"
#include "linux/cgroup_tree.h"
#include "linux/device_filter.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/lines.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

std::string parent_of(const std::string& directory) { return directory.substr(0, directory.rfind('/')); }

// v1: a new cpuset holds nothing, and no process can join it: it takes what the parent has, as cgroup.clone_children, which is
// seldom set, would have it, too.
void inherit_cpuset(const std::string& directory, bool is_new) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (!is_new && !first_line(read_file(directory + file)).empty()) continue;
    write_kernel_file(AT_FDCWD, directory + file, first_line(read_file(parent_of(directory) + file)));
  }
}

// Why a controller could not be switched on, in words that explain v2's rules.
std::string refusal(const std::string& file, long error) {
  if (error == -EBUSY)
    return fmt::format(
        "{} refuses it: that cgroup holds processes itself, and only a cgroup without any can give controllers "
        "to its children",
        file);
  if (error == -ENOENT) return fmt::format("{} refuses it: the controller is not available there", file);
  if (error == -EINVAL) return fmt::format("{} refuses it: this kernel does not have the controller", file);
  return fmt::format("{}: {}", file, errno_text(static_cast<int>(-error)));
}

// One create: what it has made so far and what v2 did not grant.
class Creation {
 public:
  // Moves the process to where its cgroup will be, which has no controllers yet.
  void enter(const CgroupLeaf& leaf, int pid) {
    for (const std::string& directory : cgroup_levels(leaf)) make_directory(leaf, directory);
    check(join_cgroup(cgroup_directory(leaf), pid), "{}: process {} cannot join", cgroup_name(leaf), pid);
  }

  void make(const CgroupLeaf& leaf) {
    bool is_new = false;
    for (const std::string& directory : cgroup_levels(leaf)) {
      if (leaf.unified) enable_controllers(parent_of(directory), leaf.controllers);
      is_new = make_directory(leaf, directory);
      if (!leaf.unified && std::ranges::find(leaf.controllers, "cpuset") != leaf.controllers.end())
        inherit_cpuset(directory, is_new);
    }
    if (!is_new) found_.push_back(&leaf);
  }

  // The leaves that were there already.
  const std::vector<const CgroupLeaf*>& found() const { return found_; }

  // Why a leaf lacks a file.
  std::string why_missing(const std::string& file) const {
    const std::string controller = file.substr(0, file.find('.'));
    const auto found = refused_.find(controller);
    if (found == refused_.end()) return fmt::format("this kernel has no {}", file);
    return fmt::format("it has no {}: controller \"{}\" is off: {}", file, controller, found->second);
  }

  void undo() const {
    for (const std::string& directory : std::views::reverse(made_)) kernel::unlinkat(AT_FDCWD, directory.c_str(), AT_REMOVEDIR);
  }

 private:
  // False when it is there already.
  bool make_directory(const CgroupLeaf& leaf, const std::string& directory) {
    const long result = kernel::mkdirat(AT_FDCWD, directory.c_str(), 0755);
    if (result == -EEXIST) return false;
    check(result, "{}: make {}", cgroup_name(leaf), directory);
    made_.push_back(directory);
    return true;
  }

  // v2: a cgroup has the controllers that its parent lists in cgroup.subtree_control. One that is refused matters only to a
  // limit that needs it.
  void enable_controllers(const std::string& parent, const std::vector<std::string>& controllers) {
    if (controllers.empty()) return;
    const std::string file = parent + "/cgroup.subtree_control";
    const std::string enabled = first_line(read_file(file));
    const std::vector<std::string_view> have = split(enabled, ' ');
    for (const std::string& name : controllers) {
      if (std::ranges::find(have, name) != have.end()) continue;
      Fd control;
      long result = take(kernel::openat(AT_FDCWD, file.c_str(), O_WRONLY | O_CLOEXEC), control);
      if (result >= 0) result = write_cgroup_word(control.get(), "+" + name);
      if (result >= 0 || !refused_.emplace(name, refusal(file, result)).second) continue;
      log::debug(fmt::format("cgroup controller \"{}\": {}", name, refused_[name]));
    }
  }

  std::vector<std::string> made_;  // directories, parents first
  std::vector<const CgroupLeaf*> found_;
  std::map<std::string, std::string> refused_;  // controller, reason
};

// The files whose owner makes cgroups below and moves processes between them (cgroup-v2.rst, Delegation).
std::vector<std::string> delegated_files() {
  constexpr char kList[] = "/sys/kernel/cgroup/delegate";
  struct stat facts{};
  const bool listed = kernel::fstatat(AT_FDCWD, kList, &facts, 0) >= 0;
  const std::string text = listed ? read_file(kList) : "cgroup.procs\ncgroup.subtree_control\ncgroup.threads";
  std::vector<std::string> files;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) files.emplace_back(line);
  return files;
}

// The list is the kernel's: files of controllers that the leaf does not have are left out.
void give_to(std::uint32_t owner, const CgroupLeaf& leaf) {
  constexpr unsigned kSameGroup = ~0U;
  const std::string directory = cgroup_directory(leaf);
  check(kernel::fchownat(AT_FDCWD, directory.c_str(), owner, kSameGroup, 0), "{}: owner {}", cgroup_name(leaf), owner);
  for (const std::string& file : delegated_files()) {
    const std::string path = fmt::format("{}/{}", directory, file);
    const long result = kernel::fchownat(AT_FDCWD, path.c_str(), owner, kSameGroup, AT_SYMLINK_NOFOLLOW);
    if (result != -ENOENT) check(result, "{}: owner {} of {}", cgroup_name(leaf), owner, file);
  }
}

// Not even of a leaf that is not required: removing the container kills all that is in its leaves.
void refuse_used(const CgroupLeaf& leaf, int own) {
  for_each_cgroup(leaf, [&](int directory) {
    const std::vector<int> pids = processes_in(directory);
    if (!pids.empty() && pids != std::vector{own}) throw fail("cgroup {}: already holds processes", quote(leaf.path));
  });
  if (cgroups_frozen({leaf})) throw fail("cgroup {}: is frozen", quote(leaf.path));
}

}  // namespace

void create_cgroups(const plan::Host& host, int pid) {
  for (const CgroupLeaf& leaf : host.cgroup_leaves) cgroup_directory(leaf);  // throws before anything is made
  Creation creation;
  try {
    if (host.scope)
      for (const CgroupLeaf& leaf : plan::joined_cgroups(host))
        if (leaf.unified && leaf.path != host.scope->control_group) creation.enter(leaf, pid);
    for (const CgroupLeaf& leaf : host.cgroup_leaves) {
      try {
        creation.make(leaf);
      } catch (const Error& error) {
        if (leaf.required) throw;
        log::debug(error.what());
      }
    }
    for (const CgroupLeaf* leaf : creation.found()) refuse_used(*leaf, host.scope ? pid : 0);
    LimitWriter(host, [&](const std::string& file) { return creation.why_missing(file); }).write_all();
    attach_device_filter(host);
    for (const CgroupLeaf& leaf : plan::joined_cgroups(host)) {
      if (!host.delegated_cgroup.empty()) creation.make(leaf);
      if (host.cgroup_owner) give_to(*host.cgroup_owner, leaf);
    }
  } catch (const Error&) {
    creation.undo();
    throw;
  }
}

}  // namespace crumb::linux
