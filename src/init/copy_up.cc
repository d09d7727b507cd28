#include "init/copy_up.h"

#include <dirent.h>
#include <errno.h>

#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned kDeepest = 128;  // two descriptors each: fewer than any limit that a container may start with
constexpr size_t kEntries = 4096, kBlock = 64U << 10;
constexpr long kNoDevices = 0x0004;  // statfs(2), f_flags: ST_NODEV
constexpr unsigned kSetId = S_ISUID | S_ISGID;

class Copy {
 public:
  explicit Copy(Context& context) : context_(context) {}
  long directory(int from, int to, unsigned depth);

 private:
  long entry(int from, int to, const char* name, unsigned depth);
  long make(const Fd& source, int to, const char* name, const struct stat& facts);
  long make_link(const Fd& source, int to, const char* name);
  long make_file(const Fd& source, int to, const char* name);
  long make_node(const Fd& source, int to, const char* name, const struct stat& facts);
  long descend(const Fd& source, int to, const char* name, unsigned depth);
  long settle(int to, const char* name, const struct stat& facts);

  Context& context_;
  char* entries_[kDeepest] = {};
  char* block_ = nullptr;
};

bool is_dots(const char* name) { return equal(name, ".") || equal(name, ".."); }

long Copy::directory(int from, int to, unsigned depth) {
  if (depth == kDeepest) return -ELOOP;
  char*& buffer = entries_[depth];
  if (buffer == nullptr) buffer = static_cast<char*>(allocate(kEntries));
  if (buffer == nullptr) return -ENOMEM;
  for (;;) {
    const long size = kernel::getdents64(from, buffer, kEntries);
    if (size <= 0) return size;
    for (long at = 0; at < size;) {
      const auto* const found = reinterpret_cast<const dirent64*>(buffer + at);
      at += found->d_reclen;
      if (is_dots(found->d_name)) continue;
      if (const long result = entry(from, to, found->d_name, depth); result < 0) {
        // The innermost name is the one that says something.
        return context_.operand[0] == 0 ? context_.failed(result, found->d_name) : result;
      }
    }
  }
}

// Each is held by a descriptor before anything is done with it, and only what the descriptor shows is believed.
long Copy::entry(int from, int to, const char* name, unsigned depth) {
  Fd source;
  struct stat facts{};
  long result = take(kernel::openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), source);
  if (result == -ENOENT) return 0;  // removed meanwhile
  if (result >= 0) result = kernel::fstat(source.get(), &facts);
  if (result >= 0) result = make(source, to, name, facts);
  if (result > 0) return 0;  // left out
  if (result >= 0) result = settle(to, name, facts);
  return result >= 0 && S_ISDIR(facts.st_mode) ? descend(source, to, name, depth) : result;
}

// 1: it is left out.
long Copy::make(const Fd& source, int to, const char* name, const struct stat& facts) {
  switch (facts.st_mode & S_IFMT) {
    case S_IFDIR:
      return kernel::mkdirat(to, name, 0700);
    case S_IFREG:
      return make_file(source, to, name);
    case S_IFLNK:
      return make_link(source, to, name);
    default:
      return make_node(source, to, name, facts);
  }
}

long Copy::make_link(const Fd& source, int to, const char* name) {
  char target[kLongestPath];
  const long size = kernel::readlinkat(source.get(), "", target, sizeof target - 1);
  if (size < 0) return size;
  target[size] = 0;
  return kernel::symlinkat(target, to, name);
}

long Copy::make_file(const Fd& source, int to, const char* name) {
  if (block_ == nullptr) block_ = static_cast<char*>(allocate(kBlock));
  if (block_ == nullptr) return -ENOMEM;
  Fd in, out;
  // Through the descriptor: the name may lead to a device by now.
  long result =
      take(kernel::openat(AT_FDCWD, DescriptorPath(source.get()).text, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), in);
  if (result >= 0) result = take(kernel::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), out);
  while (result >= 0) {
    const long size = kernel::read(in.get(), block_, kBlock);
    if (size <= 0) return size;
    for (long done = 0; done < size && result >= 0; done += result)
      result = kernel::write(out.get(), block_ + done, static_cast<size_t>(size - done));
  }
  return result;
}

// A device that could not be used where it was, because of nodev, is none in the copy either.
long Copy::make_node(const Fd& source, int to, const char* name, const struct stat& facts) {
  const bool device = S_ISCHR(facts.st_mode) || S_ISBLK(facts.st_mode);
  struct statfs filesystem{};
  if (device && (kernel::fstatfs(source.get(), &filesystem) < 0 || (filesystem.f_flags & kNoDevices) != 0)) return 1;
  const long result = kernel::mknodat(to, name, (facts.st_mode & S_IFMT) | 0600, device ? facts.st_rdev : 0);
  return device && result == -EPERM ? 1 : result;  // no right to make devices, as in a user namespace
}

long Copy::descend(const Fd& source, int to, const char* name, unsigned depth) {
  Fd below, copy;
  long result = take(kernel::openat(source.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), below);
  if (result >= 0) result = take(kernel::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), copy);
  return result < 0 ? result : directory(below.get(), copy.get(), depth + 1);
}

// An owner without a place in this user namespace cannot be given, and what runs as its owner must not become somebody else's.
long Copy::settle(int to, const char* name, const struct stat& facts) {
  unsigned mode = facts.st_mode & 07777;
  const long result = kernel::fchownat(to, name, facts.st_uid, facts.st_gid, AT_SYMLINK_NOFOLLOW);
  if (result == -EINVAL) mode &= ~kSetId;
  if (result < 0 && result != -EINVAL) return result;
  return S_ISLNK(facts.st_mode) ? 0 : kernel::fchmodat(to, name, mode);
}

}  // namespace

long copy_up(Context& context, const Fd& from, const Fd& to) {
  Fd source, target;
  long result = take(kernel::openat(from.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), source);
  if (result >= 0) result = take(kernel::openat(to.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), target);
  if (result < 0) return result;
  Copy copy(context);
  return copy.directory(source.get(), target.get(), 0);
}

}  // namespace crumb::init
