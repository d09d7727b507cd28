// The last steps: descriptors, the wait for start, exec.
#include <dirent.h>
#include <errno.h>
#include <linux/close_range.h>

#include "init/context.h"
#include "kernel/call.h"
#include "wire/engine_options.h"

namespace crumb::init {
namespace {

// Before Linux 5.11: every number that the process has open, as /proc tells, or up to the limit where there is no /proc.
void close_on_exec_one_by_one(int first) {
  const long directory = kernel::openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    rlimit64 limit{};
    kernel::prlimit(0, RLIMIT_NOFILE, nullptr, &limit);
    for (int fd = first; static_cast<uint64_t>(fd) < limit.rlim_max && fd < (1 << 20); ++fd)
      kernel::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return;
  }
  alignas(dirent64) char buffer[4096];
  for (long size = 0; (size = kernel::getdents64(static_cast<int>(directory), buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      const int64_t fd = parse_number(entry->d_name);
      if (fd >= first) kernel::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
      at += entry->d_reclen;
    }
  }
  kernel::close(static_cast<int>(directory));
}

long exec_native(const Context& context) { return kernel::execve(context.path, context.arguments, context.environment); }

// The engine takes the place of the program: the user's argv and environment, and one variable that it removes again.
long exec_engine(Context& context) {
  static char variable[64];
  copy(variable, sizeof variable, wire::kEngineOptionsVariable);
  variable[length(variable)] = '=';
  append_number(variable, sizeof variable, static_cast<uint64_t>(context.options));
  char** last = context.environment;
  while (*last != nullptr) ++last;
  *last = variable;
  const int kept[] = {context.module, context.options, context.code, context.result >= 0 ? context.result : context.sync};
  for (const int fd : kept)
    if (fd >= 0) kernel::fcntl(fd, F_SETFD, 0);
  const long result = kernel::execveat(context.engine, "", context.arguments, context.environment, AT_EMPTY_PATH);
  char path[32] = "/proc/self/fd/";
  append_number(path, sizeof path, static_cast<uint64_t>(context.engine));
  // A filter of the container may know execve only.
  const long second = kernel::execve(path, context.arguments, context.environment);
  return second == -ENOENT ? result : second;
}

}  // namespace

long perform(Context&, const wire::CloseDescriptors<InitForm>& step) {
  const long result = kernel::close_range(static_cast<unsigned>(step.first), ~0U, CLOSE_RANGE_CLOEXEC);
  if (result < 0) close_on_exec_one_by_one(static_cast<int>(step.first));
  return 0;
}

long perform(Context& context, const wire::WaitStart<InitForm>&) {
  char byte = 0;
  long result = 0;
  do result = kernel::read(context.start, &byte, 1);
  while (result == -EINTR);
  kernel::close(context.start);
  return result == 1 ? 0 : result < 0 ? result : -EPIPE;
}

long perform(Context& context, const wire::Exec<InitForm>&) {
  return context.engine >= 0 ? context.failed(exec_engine(context), "crumb-wasm") : exec_native(context);
}

}  // namespace crumb::init
