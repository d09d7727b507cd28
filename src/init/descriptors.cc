#include "init/descriptors.h"

#include <dirent.h>
#include <linux/close_range.h>
#include <linux/magic.h>

#include <initializer_list>

#include "init/support.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr unsigned kLastDescriptor = ~0U;
constexpr uint64_t kMostDescriptors = 1U << 20;  // fs.nr_open, unless somebody raised it

void close_on_exec(int fd) { kernel::fcntl(fd, F_SETFD, FD_CLOEXEC); }

// The numbers that the process has open. False where there is no /proc, or only something that is called so.
bool mark_open_ones(int first) {
  Fd directory;
  struct statfs facts{};
  if (take(kernel::openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), directory) < 0) return false;
  if (kernel::fstatfs(directory.get(), &facts) < 0 || facts.f_type != PROC_SUPER_MAGIC) return false;
  alignas(dirent64) char buffer[4096];
  for (long size = 0; (size = kernel::getdents64(directory.get(), buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      const int64_t fd = parse_number(entry->d_name);
      if (fd >= first) close_on_exec(static_cast<int>(fd));
      at += entry->d_reclen;
    }
  }
  return true;
}

// Numbers beyond the limit can be open too, if the limit was lowered: those that init itself was given.
void mark_up_to_limit(const Context& context, int first) {
  rlimit64 limit{};
  kernel::prlimit(0, RLIMIT_NOFILE, nullptr, &limit);
  uint64_t end = limit.rlim_cur < kMostDescriptors ? limit.rlim_cur : kMostDescriptors;
  for (const int fd : {context.sync, context.start, context.result})
    if (static_cast<int64_t>(end) <= fd) end = static_cast<uint64_t>(fd) + 1;
  for (int fd = first; static_cast<uint64_t>(fd) < end; ++fd) close_on_exec(fd);
}

}  // namespace

void close_on_exec_from(const Context& context, unsigned first) {
  // Before Linux 5.11 close_range does not know the flag.
  const long result = kernel::close_range(first, kLastDescriptor, CLOSE_RANGE_CLOEXEC);
  const int number = static_cast<int>(first);
  if (result < 0 && !mark_open_ones(number)) mark_up_to_limit(context, number);
}

}  // namespace crumb::init
