#include "linux/mount_points.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <deque>
#include <vector>

#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

constexpr unsigned kDirectoryMode = 0755, kFileMode = 0644;
constexpr int kMostLinks = 40;  // as the kernel's own limit

long open_inside(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long result = 0;
  do result = kernel::openat2(root, path.c_str(), how);
  while (result == -EAGAIN || result == -EINTR);  // a rename somewhere in the tree made the kernel give up
  return result;
}

// Component by component: each is opened without following it, links are read and walked here. The descriptors on the way are
// kept, so that ".." is where we came from.
class Walk {
 public:
  Walk(int root, const std::string& path, bool directory) : path_(path), directory_(directory) {
    way_.emplace_back(check(kernel::fcntl(root, F_DUPFD_CLOEXEC, 3), "{}", path));
    prepend(path);
  }

  void make() {
    while (!rest_.empty()) {
      const std::string name = rest_.front();
      rest_.pop_front();
      advance(name);
    }
  }

 private:
  void prepend(std::string_view text) {
    const std::vector<std::string_view> names = split(text, '/');
    for (auto name = names.rbegin(); name != names.rend(); ++name)
      if (!name->empty() && *name != ".") rest_.emplace_front(*name);
  }

  void advance(const std::string& name) {
    if (name == "..") {
      if (way_.size() > 1) way_.pop_back();  // ".." of the root is the root
      return;
    }
    Fd found = open_or_create(name);
    struct stat facts{};
    check(kernel::fstat(found.get(), &facts), "{}", path_);
    if (S_ISLNK(facts.st_mode)) return follow(found);
    if (S_ISDIR(facts.st_mode))
      way_.push_back(std::move(found));
    else if (!rest_.empty())
      throw fail("{}: {} is not a directory", path_, quote(name));
  }

  Fd open_or_create(const std::string& name) {
    constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const int at = way_.back().get();
    const long result = kernel::openat(at, name.c_str(), kFlags);
    if (result != -ENOENT) return Fd(check(result, "{}", path_));
    const bool file = rest_.empty() && !directory_;
    const long made =
        file ? kernel::mknodat(at, name.c_str(), S_IFREG | kFileMode, 0) : kernel::mkdirat(at, name.c_str(), kDirectoryMode);
    if (made != -EEXIST) check(made, "make {}", path_);  // else somebody was faster: look at what is there
    return Fd(check(kernel::openat(at, name.c_str(), kFlags), "{}", path_));
  }

  // The link's text takes its place in what is to go.
  void follow(const Fd& link) {
    if (++links_ > kMostLinks) throw fail("{}: {}", path_, errno_text(ELOOP));
    char text[4096];
    const auto size = static_cast<std::size_t>(check(kernel::readlinkat(link.get(), "", text, sizeof text), "{}", path_));
    const std::string_view target(text, size);
    if (target.starts_with('/')) way_.resize(1);
    prepend(target);
  }

  const std::string& path_;
  const bool directory_;
  std::vector<Fd> way_;  // from the root to where the walk stands
  std::deque<std::string> rest_;
  int links_ = 0;
};

}  // namespace

Fd open_mount_point(int root, const std::string& path, bool directory) {
  long result = open_inside(root, path);
  if (result == -ENOENT) {
    Walk(root, path, directory).make();
    result = open_inside(root, path);
  }
  return Fd(check(result, "{}", path));
}

}  // namespace crumb::linux
