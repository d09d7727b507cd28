#include "support/given_file.h"

#include <fcntl.h>

#include "support/error.h"
#include "support/file.h"

namespace crumb {

std::string read_given_file(const std::string& path) {
  const Fd file(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY), "{}", path));
  return read_all(file.get(), path);
}

}  // namespace crumb
