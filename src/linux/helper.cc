#include "linux/helper.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "linux/memory_file.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/file.h"

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

HelperResult run_helper(const std::string& path, std::string_view input) {
  const Fd in = raised(sealed_memory_file("input", input));
  const Fd out = output_file(), err = output_file();
  HelperResult result;
  result.code = reap(spawn_helper(path, {in.get(), out.get(), err.get()}));
  result.out = content(out, path);
  result.err = content(err, path);
  return result;
}

}  // namespace crumb::linux
