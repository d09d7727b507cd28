#include "engine/code_file.h"

#include <sys/stat.h>

#include <cstring>
#include <limits>

#include "wire/code.h"

namespace crumb::engine {

Failure map_code(int descriptor, Mapping& mapping) {
  const Descriptor file(descriptor);
  constexpr auto kHeader = static_cast<off_t>(wire::kCodeOffset);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return {errno, std::strerror(errno)};
  if (status.st_size <= kHeader || status.st_size - kHeader > std::numeric_limits<std::uint32_t>::max())
    return {ENOEXEC, "it has an impossible size"};
  const auto size = static_cast<std::size_t>(status.st_size - kHeader);
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_32BIT, file.get(), kHeader);
  if (start == MAP_FAILED) return {errno, std::string("mmap: ") + std::strerror(errno)};
  mapping = Mapping(start, size);
  return {};
}

Failure make_executable(const Mapping& mapping) {
  if (::mprotect(mapping.data(), mapping.size(), PROT_READ | PROT_EXEC) == 0) return {};
  return {errno, std::string("mprotect: ") + std::strerror(errno)};
}

}  // namespace crumb::engine
