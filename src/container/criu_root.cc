#include "container/criu_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/mount_points.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::container {
namespace {

using plan::Mount;

std::string descriptor_path(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

// Not "bind": std::bind would be found by its arguments.
void bind_mount(const std::string& source, const std::string& target, const std::string& place) {
  check(kernel::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "bind {} on {}", source, place);
}

bool lies_below(const std::string& path, const std::string& top) {
  return path.size() > top.size() && path.starts_with(top) && (top.ends_with('/') || path[top.size()] == '/');
}

// The mount on which this one's target lies; null: none, it lies in the root filesystem.
const Mount* mount_below(const std::vector<const Mount*>& mounts, std::size_t index) {
  for (std::size_t i = index; i-- > 0;)
    if (lies_below(mounts[index]->target, mounts[i]->target)) return mounts[i];
  return nullptr;
}

// Makes mount points in a copy of the root's mounts that nobody else sees: binds are mounted there, since what is bound later
// may lie in them. A filesystem that criu makes itself comes with what is in it.
class MountPoints {
 public:
  explicit MountPoints(const std::string& root)
      : root_(check(kernel::openat(AT_FDCWD, root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "{}", root)) {}

  void make(const std::vector<plan::Step>& steps) const {
    std::vector<const Mount*> mounts;
    for (const plan::Step& step : steps)
      if (const auto* mount = std::get_if<Mount>(&step); mount && !(mount->flags & wire::kRemount)) mounts.push_back(mount);
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      const Mount* const below = mount_below(mounts, i);
      if (!below || below->flags & wire::kBind) make_one(*mounts[i]);
    }
  }

 private:
  void make_one(const Mount& mount) const {
    if (!(mount.flags & wire::kBind)) {
      linux::open_mount_point(root_.get(), mount.target, true);
      return;
    }
    struct stat facts{};
    const int follow = mount.flags & wire::kSourceNoFollow ? AT_SYMLINK_NOFOLLOW : 0;
    const long result = kernel::fstatat(AT_FDCWD, mount.source.c_str(), &facts, follow);
    if (result < 0 && mount.flags & wire::kOptional) return;
    check(result, "mount on {}: {}", mount.target, mount.source);
    if (S_ISLNK(facts.st_mode)) return;
    const bool directory = S_ISDIR(facts.st_mode);
    bind_mount(mount.source, descriptor_path(linux::open_mount_point(root_.get(), mount.target, directory)), mount.target);
    make_private(mount.target, directory);
  }

  // What is bound on this mount next must not show in its peers on the host.
  void make_private(const std::string& target, bool directory) const {
    const Fd mounted = linux::open_mount_point(root_.get(), target, directory);
    check(kernel::mount(nullptr, descriptor_path(mounted).c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr), "mount on {}",
          target);
  }

  Fd root_;
};

}  // namespace

CriuRoot::CriuRoot(const Entry& entry, const std::string& rootfs, const std::vector<plan::Step>& steps) : entry_(entry) {
  check(kernel::mkdirat(entry.directory(), kCriuRoot, 0755), "container \"{}\": directory {}", entry.id(), kCriuRoot);
  try {
    const Fd directory(check(kernel::openat(entry.directory(), kCriuRoot, O_PATH | O_DIRECTORY | O_CLOEXEC), "{}", kCriuRoot));
    path_ = read_link(descriptor_path(directory));
    bind_mount(rootfs, path_, path_);
    check(kernel::mount(nullptr, path_.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr), "{}", path_);
    MountPoints(path_).make(steps);
    check(kernel::umount2(path_.c_str(), MNT_DETACH), "unmount {}", path_);
    bind_mount(rootfs, path_, path_);
  } catch (const Error&) {
    remove_criu_root(entry_.directory());
    throw;
  }
}

CriuRoot::~CriuRoot() { remove_criu_root(entry_.directory()); }

}  // namespace crumb::container
