#include "linux/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "support/error.h"
#include "support/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace crumb::linux {

namespace {

Fd memory_file(const char* name, std::string_view bytes, bool executable) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  long result = kernel::memfd_create(name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL));
  if (result == -EINVAL) result = kernel::memfd_create(name, flags);  // before Linux 6.3
  if (result == -EACCES) throw fail("memory file \"{}\": sysctl vm.memfd_noexec forbids executable ones", name);
  Fd file(check(result, "memory file \"{}\"", name));
  write_all(file.get(), bytes, name);
  return file;
}

void seal(const Fd& file, const char* name, int seals) {
  check(kernel::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | seals), "memory file \"{}\": seal", name);
}

}  // namespace

Fd sealed_memory_file(const char* name, std::string_view bytes, bool executable) {
  Fd file = memory_file(name, bytes, executable);
  check(kernel::lseek(file.get(), 0, SEEK_SET), "memory file \"{}\": rewind", name);
  seal(file, name, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return file;
}

Fd shared_memory_file(const char* name, std::size_t size) {
  Fd file = memory_file(name, std::string(size, '\0'), false);
  seal(file, name, F_SEAL_SHRINK | F_SEAL_GROW);
  return file;
}

}  // namespace crumb::linux
