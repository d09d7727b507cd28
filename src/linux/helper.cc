#include "linux/helper.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "linux/memory_file.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

// Above 0, 1 and 2, even where crumb was started without them.
Fd raised(const Fd& fd) { return Fd(check(kernel::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3), "descriptor")); }

// Takes what a helper writes without anybody reading meanwhile.
Fd output_file() { return raised(Fd(check(kernel::memfd_create("output", MFD_CLOEXEC), "memory file"))); }

std::string content(const Fd& file, const std::string& path) {
  check(kernel::lseek(file.get(), 0, SEEK_SET), "{}: output", path);
  return read_all(file.get(), path);
}

}  // namespace

HelperResult run_helper(const std::string& path, std::string_view input, const std::vector<std::string>& arguments) {
  const Fd in = raised(sealed_memory_file("input", input));
  const Fd out = output_file(), err = output_file();
  HelperResult result;
  result.code = reap(spawn_helper(path, {in.get(), out.get(), err.get()}, arguments));
  result.out = content(out, path);
  result.err = content(err, path);
  return result;
}

std::string find_in_path(const std::string& name) {
  const char* const places = std::getenv("PATH");
  for (const std::string_view place : split(places ? places : "/usr/bin:/bin", ':')) {
    if (!place.starts_with('/')) continue;  // never from the current directory
    const std::string path = fmt::format("{}/{}", place, name);
    struct stat facts{};
    if (kernel::fstatat(AT_FDCWD, path.c_str(), &facts, 0) < 0 || !S_ISREG(facts.st_mode)) continue;
    if (kernel::faccessat2(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) >= 0) return path;
  }
  return {};
}

}  // namespace crumb::linux
