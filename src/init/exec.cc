// The last steps: descriptors, the filter, the wait for start, exec.
#include <dirent.h>
#include <errno.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>

#include <initializer_list>

#include "init/channel.h"
#include "init/context.h"
#include "init/paths.h"
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

long keep_for_engine(const Context& context) {
  for (const int fd : {context.module.get(), context.options.get(), context.code.get(), context.report()}) {
    if (fd < 0) continue;
    if (const long result = kernel::fcntl(fd, F_SETFD, 0); result < 0) return result;
  }
  return 0;
}

// The engine takes the place of the program: the user's argv and environment, and one variable that it removes again.
long exec_engine(const Context& context) {
  const int engine = context.engine.get();
  const long result = kernel::execveat(engine, "", context.arguments, context.environment, AT_EMPTY_PATH);
  // The container's filter may know execve only, and refuse the other with whatever errno it likes.
  kernel::execve(DescriptorPath(engine).text, context.arguments, context.environment);
  return result;
}

}  // namespace

long perform(Context& context, const wire::CloseDescriptors<InitForm>& step) {
  // Before Linux 5.11 close_range does not know the flag.
  const long result = kernel::close_range(static_cast<unsigned>(step.first), kLastDescriptor, CLOSE_RANGE_CLOEXEC);
  const int first = static_cast<int>(step.first);
  if (result < 0 && !mark_open_ones(first)) mark_up_to_limit(context, first);
  return context.engine ? keep_for_engine(context) : 0;
}

long perform(Context&, const wire::Seccomp<InitForm>& step) {
  // The wire's 8 bytes of each instruction are the kernel's; it copies them from wherever they lie.
  auto* const instructions = reinterpret_cast<sock_filter*>(const_cast<unsigned char*>(step.program.at));
  const sock_fprog program{static_cast<unsigned short>(step.program.count), instructions};
  return kernel::seccomp(SECCOMP_SET_MODE_FILTER, step.flags, &program);
}

long perform(Context& context, const wire::WaitStart<InitForm>&) { return wait_for_start(context); }

long perform(Context& context, const wire::Exec<InitForm>&) {
  if (context.engine) return context.failed(exec_engine(context), "crumb-wasm");
  if (context.path == nullptr) return -ENOENT;
  return context.failed(kernel::execve(context.path, context.arguments, context.environment), context.path);
}

}  // namespace crumb::init
