#include "linux/executable.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "linux/memory_file.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

constexpr std::size_t kLargestProgram = 256U << 20, kLargestCopy = 1U << 30;

// An O_PATH descriptor. Nothing when the kernel or our rights do not allow it. `path` may be empty: `directory` itself.
Fd read_only_clone(int directory, const std::string& path) {
  Fd tree(kernel::open_tree(directory, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree) return {};
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;  // not NOSUID: SELinux refuses a change of domain there
  if (kernel::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes) < 0) return {};
  return tree;
}

// Nobody who is in a container of an ordinary user is root of the machine, and root is who could write to this file.
bool only_root_writes(const Fd& file, const std::string& path) {
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "{}", path);
  return geteuid() != 0 && facts.st_uid == 0 && (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

Fd open_executable(const std::string& path) {
  if (Fd clone = read_only_clone(AT_FDCWD, path)) return clone;
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened == -ENOENT) throw fail("{}: is not there", path);  // callers take the kernel's words for a missing program
  Fd file(check(opened, "{}", path));
  if (only_root_writes(file, path)) return file;
  return sealed_memory_file(path.substr(path.rfind('/') + 1).c_str(), read_all(file.get(), path, kLargestProgram), true);
}

Fd open_read_only(int file, const char* name) {
  if (const Fd clone = read_only_clone(file, "")) {
    const std::string self = fmt::format("/proc/self/fd/{}", clone.get());
    return Fd(check(kernel::openat(AT_FDCWD, self.c_str(), O_RDONLY | O_CLOEXEC), "{}", name));
  }
  check(kernel::lseek(file, 0, SEEK_SET), "{}", name);
  return sealed_memory_file(name, read_all(file, name, kLargestCopy));
}

std::string find_program(const std::string& name) {
  const std::string self = read_link("/proc/self/exe");
  const std::string folder = self.substr(0, self.rfind('/'));
  for (const char* place : {"/../libexec/crumb/", "/", "/../bin/"}) {
    const std::string path = folder + place + name;
    struct stat facts{};
    if (kernel::fstatat(AT_FDCWD, path.c_str(), &facts, 0) == 0 && S_ISREG(facts.st_mode)) return path;
  }
  throw fail("{}: not installed beside {}", name, self);
}

}  // namespace crumb::linux
