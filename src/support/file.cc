#include "support/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "support/error.h"

namespace crumb {

namespace {

std::size_t read_some(int fd, char* buffer, std::size_t size, const std::string& name) {
  long count = 0;
  do count = kernel::read(fd, buffer, size);
  while (count == -EINTR);
  return static_cast<std::size_t>(check(count, "{}", name));
}

// As many bytes as the file says it has, and one more: less than that is all. Empty where it says nothing, as in procfs.
std::string read_promised(int fd, const std::string& name, std::size_t limit, bool& whole) {
  std::string bytes;
  struct stat facts{};
  if (kernel::fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode) || facts.st_size <= 0) return bytes;
  const std::size_t size = std::min(static_cast<std::size_t>(facts.st_size), limit);
  bytes.resize(size + 1);
  bytes.resize(read_some(fd, bytes.data(), bytes.size(), name));
  whole = bytes.size() == size;
  return bytes;
}

}  // namespace

std::string read_all(int fd, const std::string& name, std::size_t limit) {
  constexpr std::size_t kPiece = 4096;
  bool whole = false;
  std::string bytes = read_promised(fd, name, limit, whole);
  for (char piece[kPiece]; !whole;) {
    const std::size_t count = read_some(fd, piece, sizeof piece, name);
    bytes.append(piece, count);
    whole = count == 0;
    if (bytes.size() > limit) throw fail("{}: larger than {} bytes", name, limit);
  }
  return bytes;
}

std::string read_file(int directory, const std::string& path, std::size_t limit) {
  const Fd file(check(kernel::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "{}", path));
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "{}", path);
  if (!S_ISREG(facts.st_mode)) throw fail("{}: not a regular file", path);
  return read_all(file.get(), path, limit);
}

std::string read_file(const std::string& path) { return read_file(AT_FDCWD, path); }

void write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const long count = kernel::write(fd, bytes.data(), bytes.size());
    if (count == -EINTR) continue;
    check(count, "{}", name);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void write_kernel_file(int directory, const std::string& path, std::string_view bytes) {
  const Fd file(check(kernel::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC), "{}", path));
  long result = 0;
  do result = kernel::write(file.get(), bytes.data(), bytes.size());
  while (result == -EINTR);
  check(result, "{}: write \"{}\"", path, bytes);
}

void replace_file(int directory, const std::string& path, std::string_view bytes, unsigned mode) {
  // One name for each writer: two crumbs may write beside each other into a directory that neither has locked (pid files).
  const std::string temporary = fmt::format("{}.{}.tmp", path, kernel::getpid());
  const auto create = [&] {
    return kernel::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  };
  long result = create();
  if (result == -EEXIST) {  // of a killed crumb that had this number
    kernel::unlinkat(directory, temporary.c_str(), 0);
    result = create();
  }
  const Fd file(check(result, "{}", path));
  try {
    write_all(file.get(), bytes, path);
    check(kernel::renameat(directory, temporary.c_str(), directory, path.c_str()), "{}", path);
  } catch (const Error&) {
    kernel::unlinkat(directory, temporary.c_str(), 0);
    throw;
  }
}

void make_directories(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    const long result = kernel::mkdirat(AT_FDCWD, part.c_str(), mode);
    if (result < 0 && result != -EEXIST) check(result, "{}: make the directory", part);
    if (slash == std::string::npos) return;
  }
}

std::string read_link(const std::string& path) {
  char buffer[4096];
  const long size = check(kernel::readlinkat(AT_FDCWD, path.c_str(), buffer, sizeof buffer), "{}", path);
  return {buffer, static_cast<std::size_t>(size)};
}

std::string real_path(const std::string& path) {
  const Fd place(check(kernel::openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC), "{}", path));
  return read_link(fmt::format("/proc/self/fd/{}", place.get()));
}

}  // namespace crumb
