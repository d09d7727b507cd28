#include "init/paths.h"

#include <errno.h>

#include "kernel/call.h"
#include "wire/statx.h"

namespace crumb::init {
namespace {

constexpr unsigned kDirectoryMode = 0755, kFileMode = 0644;
constexpr int kMostLinks = 40;        // as the kernel's own limit
constexpr size_t kLongestName = 256;  // NAME_MAX and a NUL

long open_at(int directory, const char* path, int flags, Links links, Fd& found) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_PATH | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (links == Links::none) how.resolve |= RESOLVE_NO_SYMLINKS;
  long result = 0;
  do result = kernel::openat2(directory, path, how);
  while (result == -EAGAIN || result == -EINTR);  // a rename somewhere in the tree made the kernel give up
  return take(result, found);
}

long need_root(Context& context) {
  if (context.root) return 0;
  return take(kernel::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC), context.root);
}

long make_entry(int directory, const char* name, Missing missing) {
  if (missing == Missing::make_file) return kernel::mknodat(directory, name, S_IFREG | kFileMode, 0);
  return kernel::mkdirat(directory, name, kDirectoryMode);
}

// Walks a path inside the root component by component and makes what is missing. Each component is opened without following
// it; links are read and walked here.
class Walk {
 public:
  Walk(Context& context, Missing missing) : context_(context), missing_(missing) {  // NOLINT(*-member-init)
    done_[0] = rest_[0] = name_[0] = 0;
  }
  long make(const char* path);

 private:
  long enter();
  bool next_name();
  long advance();
  long open_or_create(Fd& found);
  long create();
  long follow(const Fd& link);
  long leave_directory();
  long append_name();

  Context& context_;
  const Missing missing_;
  Fd at_;  // where the walk stands
  // Only their first byte has to be there: the rest of such pages costs more than the walk.
  char done_[kLongestPath];  // the way there from the root, without links
  char rest_[kLongestPath];  // what is still to go
  size_t cursor_ = 0;        // in rest_
  char name_[kLongestName];  // the component in hand
  int links_ = 0;
};

long Walk::make(const char* path) {
  if (copy(rest_, sizeof rest_, path) != length(path)) return -ENAMETOOLONG;
  long result = enter();
  while (result >= 0 && next_name()) result = advance();
  return result;
}

// Opens the directory `done_`.
long Walk::enter() { return open_inside(context_, done_[0] == 0 ? "/" : done_, O_DIRECTORY, Links::none, at_); }

bool Walk::next_name() {
  while (rest_[cursor_] == '/') ++cursor_;
  size_t size = 0;
  for (; rest_[cursor_] != 0 && rest_[cursor_] != '/'; ++cursor_)
    if (size + 1 < sizeof name_) name_[size++] = rest_[cursor_];
  name_[size] = 0;
  while (rest_[cursor_] == '/') ++cursor_;  // at the end now, if this was the last one
  return size > 0;
}

long Walk::advance() {
  if (equal(name_, ".")) return 0;
  if (equal(name_, "..")) return leave_directory();
  Fd found;
  if (const long result = open_or_create(found); result < 0) return result;
  struct stat facts{};
  if (const long result = kernel::fstat(found.get(), &facts); result < 0) return result;
  if (S_ISLNK(facts.st_mode)) return follow(found);
  if (!S_ISDIR(facts.st_mode)) return rest_[cursor_] == 0 ? 0 : -ENOTDIR;
  at_ = static_cast<Fd&&>(found);
  return append_name();
}

long Walk::open_or_create(Fd& found) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  const long result = take(kernel::openat(at_.get(), name_, kFlags), found);
  if (result != -ENOENT) return result;
  const long made = create();
  if (made < 0 && made != -EEXIST) return made;  // somebody was faster: look at what is there
  return take(kernel::openat(at_.get(), name_, kFlags), found);
}

long Walk::create() {
  const bool last = rest_[cursor_] == 0;
  return make_entry(at_.get(), name_, last ? missing_ : Missing::make_directory);
}

// The link's text takes its place in what is to go.
long Walk::follow(const Fd& link) {
  if (++links_ > kMostLinks) return -ELOOP;
  char target[kLongestPath];
  const long size = kernel::readlinkat(link.get(), "", target, sizeof target - 1);
  if (size < 0) return size;
  target[size] = 0;
  char* const rest = concatenate(target, "/");
  char* const joined = rest == nullptr ? nullptr : concatenate(rest, rest_ + cursor_);
  if (joined == nullptr) return -ENOMEM;
  if (copy(rest_, sizeof rest_, joined) != length(joined)) return -ENAMETOOLONG;
  cursor_ = 0;
  if (target[0] != '/') return 0;
  done_[0] = 0;
  return enter();
}

// ".." of the root is the root.
long Walk::leave_directory() {
  size_t size = length(done_);
  while (size > 0 && done_[size - 1] != '/') --size;
  done_[size > 0 ? size - 1 : 0] = 0;
  return enter();
}

long Walk::append_name() {
  const size_t size = length(done_);
  if (size + length(name_) + 2 > sizeof done_) return -ENAMETOOLONG;
  copy(done_ + size, 2, "/");
  copy(done_ + size + 1, sizeof done_ - size - 1, name_);
  return 0;
}

// The usual case: only the last component is missing. Whatever else it is, a link that leads nowhere for one, fails here.
long make_last(Context& context, const char* path, Links links, Missing missing) {
  size_t size = length(path);
  while (size > 0 && path[size - 1] != '/') --size;
  const char* const name = path + size;
  if (size == 0 || *name == 0 || equal(name, ".") || equal(name, "..")) return -EINVAL;
  const char* const parent = prefix(path, size);
  Fd directory;
  const long result = parent == nullptr ? -ENOMEM : open_inside(context, parent, O_DIRECTORY, links, directory);
  return result < 0 ? result : make_entry(directory.get(), name, missing);
}

}  // namespace

long open_inside(Context& context, const char* path, int flags, Links links, Fd& found) {
  const long result = need_root(context);
  return result < 0 ? result : open_at(context.root.get(), path, flags, links, found);
}

long open_or_make(Context& context, const char* path, int flags, Links links, Missing missing, Fd& found) {
  const long result = open_inside(context, path, flags, links, found);
  if (result != -ENOENT) return result;
  if (make_last(context, path, links, missing) >= 0) return open_inside(context, path, flags, links, found);
  Walk walk(context, missing);
  if (const long made = walk.make(path); made < 0) return made;
  return open_inside(context, path, flags, links, found);
}

long open_parent(Context& context, const char* path, Fd& parent, const char*& name) {
  size_t size = length(path);
  while (size > 0 && path[size - 1] != '/') --size;
  name = path + size;
  if (*name == 0 || equal(name, ".") || equal(name, "..")) return -EINVAL;
  const char* const directory = size == 0 ? "/" : prefix(path, size);
  if (directory == nullptr) return -ENOMEM;
  return open_or_make(context, directory, O_DIRECTORY, Links::none, Missing::make_directory, parent);
}

long look_at(int fd, Place& place) {
  struct statx facts{};
  const long result = kernel::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | wire::kStatxMountId, &facts);
  place = {wire::mount_id(facts), facts.stx_ino, facts.stx_mode};
  return result;
}

long refuse_root(Context& context, const Place& place) {
  Place& root = context.root_place;
  if (root.mode == 0)
    if (const long result = look_at(context.root.get(), root); result < 0) return result;
  return root.mount == place.mount && root.inode == place.inode ? context.failed(-EINVAL, "it is the root itself") : 0;
}

long check_mounted(Context& context, const char* path, int flags, const Place& mount) {
  Fd now;
  Place here;
  long result = open_inside(context, path, flags, Links::inside, now);
  if (result >= 0) result = look_at(now.get(), here);
  if (result < 0) return result;
  return here.mount == mount.mount ? 0 : context.failed(-ESTALE, "the place was moved while it was mounted upon");
}

long check_mounted(Context& context, const char* path, int flags, int mount) {
  Place there;
  const long result = look_at(mount, there);
  return result < 0 ? result : check_mounted(context, path, flags, there);
}

DescriptorPath::DescriptorPath(int fd) {
  copy(text, sizeof text, "/proc/self/fd/");
  append_number(text, sizeof text, static_cast<uint64_t>(fd));
}

}  // namespace crumb::init
