#include "init/paths.h"

#include <errno.h>

#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned kDirectoryMode = 0755, kFileMode = 0644;

long open_at(int directory, const char* path, int flags, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_PATH | O_CLOEXEC);
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  long result = 0;
  do result = kernel::openat2(directory, path, how);
  while (result == -EAGAIN || result == -EINTR);  // a rename somewhere in the tree made the kernel give up
  return result;
}

long root_of(Context& context) {
  if (context.root >= 0) return context.root;
  const long root = kernel::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0) context.root = static_cast<int>(root);
  return root;
}

// The text of `path` up to `size` bytes, in the arena.
char* prefix(const char* path, size_t size) {
  char* const text = static_cast<char*>(allocate(size + 1));
  if (text != nullptr) copy(text, size + 1, path);
  return text;
}

// One missing component below `directory`; the new thing, opened without following anything.
long make_component(int directory, const char* name, bool file) {
  if (equal(name, "..")) return -EINVAL;
  long result = 0;
  if (file) {
    result = kernel::openat(directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, kFileMode);
    if (result >= 0) kernel::close(static_cast<int>(result));
  } else {
    result = kernel::mkdirat(directory, name, kDirectoryMode);
  }
  if (result < 0 && result != -EEXIST) return result;  // somebody was faster: look at what is there
  return open_at(directory, name, O_NOFOLLOW | (file ? 0 : O_DIRECTORY), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

// The deepest directory of `path` that exists; `rest` is where the missing components begin.
long open_existing(Context& context, const char* path, const char*& rest) {
  for (size_t size = length(path);;) {
    while (size > 0 && path[size - 1] == '/') --size;
    while (size > 0 && path[size - 1] != '/') --size;
    rest = path + size;
    const char* const directory = size == 0 ? "/" : prefix(path, size);
    if (directory == nullptr) return -ENOMEM;
    const long found = open_inside(context, directory, O_DIRECTORY);
    if (found != -ENOENT || size == 0) return found;
  }
}

// Makes the components of `rest` below `directory`, which is closed; the last one as a file where asked.
long make_rest(long directory, const char* rest, Missing missing) {
  while (*rest == '/') ++rest;
  while (*rest != 0 && directory >= 0) {
    size_t size = 0;
    while (rest[size] != 0 && rest[size] != '/') ++size;
    const char* const name = prefix(rest, size);
    if (name == nullptr) return -ENOMEM;
    rest += size;
    while (*rest == '/') ++rest;
    if (equal(name, ".")) continue;
    const long next = make_component(static_cast<int>(directory), name, *rest == 0 && missing == Missing::make_file);
    kernel::close(static_cast<int>(directory));
    directory = next;
  }
  return directory;
}

}  // namespace

long open_inside(Context& context, const char* path, int flags) {
  const long root = root_of(context);
  return root < 0 ? root : open_at(static_cast<int>(root), path, flags, RESOLVE_IN_ROOT);
}

long open_or_make(Context& context, const char* path, int flags, Missing missing) {
  const long found = open_inside(context, path, flags);
  if (found != -ENOENT) return found;
  const char* rest = nullptr;
  const long directory = open_existing(context, path, rest);
  return make_rest(directory, rest, missing);
}

long open_parent(Context& context, const char* path, const char*& name) {
  size_t size = length(path);
  while (size > 0 && path[size - 1] != '/') --size;
  name = path + size;
  if (*name == 0) return -EINVAL;
  const char* const directory = size == 0 ? "/" : prefix(path, size);
  return directory == nullptr ? -ENOMEM : open_or_make(context, directory, O_DIRECTORY, Missing::make_directory);
}

DescriptorPath::DescriptorPath(int fd) {
  copy(text, sizeof text, "/proc/self/fd/");
  append_number(text, sizeof text, static_cast<uint64_t>(fd));
}

}  // namespace crumb::init
