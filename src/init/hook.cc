// The Hook step.
#include <errno.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include "init/channel.h"
#include "init/context.h"
#include "init/descriptors.h"
#include "init/pointers.h"
#include "kernel/call.h"
#include "kernel/child.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace crumb::init {
namespace {

constexpr int kFirstFree = 3;
constexpr unsigned kUsualUmask = 022;

// Above 0, 1 and 2, which the hook's own take.
long raise(Fd& fd) {
  if (fd.get() >= kFirstFree) return 0;
  return take(kernel::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFree), fd);
}

struct Pipe {
  Fd reader, writer;

  long open() {
    int ends[2];
    long result = kernel::pipe2(ends, O_CLOEXEC);
    if (result < 0) return result;
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    if (result = raise(reader); result < 0) return result;
    return raise(writer);
  }
};

// What a hook and init have between them.
struct Between {
  Fd state;      // the hook's stdin: a file, so that nobody waits for a hook that does not read
  Pipe output;   // its stdout and stderr, unless they go elsewhere
  Pipe failure;  // the errno of a hook that could not be executed; nothing otherwise
};

long write_state(const wire::Hook<InitForm>& step, const Fd& file) {
  char pid[32] = ",\"pid\":";
  append_number(pid, sizeof pid, static_cast<uint64_t>(kernel::getpid()));
  const char* const parts[] = {step.state_before.at, pid, step.state_after.at};
  for (const char* part : parts) {
    const long size = static_cast<long>(length(part));
    const long written = kernel::write(file.get(), part, static_cast<unsigned long>(size));
    if (written != size) return written < 0 ? written : -ENOSPC;
  }
  return kernel::lseek(file.get(), 0, SEEK_SET);
}

long open_state(const wire::Hook<InitForm>& step, Fd& file) {
  long result = kernel::memfd_create("state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (result == -EINVAL) result = kernel::memfd_create("state", MFD_CLOEXEC);  // before Linux 6.3
  if (result = take(result, file); result < 0) return result;
  if (result = raise(file); result < 0) return result;
  return write_state(step, file);
}

long open_between(const wire::Hook<InitForm>& step, Between& between) {
  long result = open_state(step, between.state);
  if (result >= 0) result = between.output.open();
  if (result >= 0) result = between.failure.open();
  return result < 0 ? result : kernel::fcntl(between.output.reader.get(), F_SETFL, O_NONBLOCK);
}

// In the hook's process. It has no descriptor but its three: all others close at its exec.
long become_hook(Context& context, const wire::Hook<InitForm>& step, Between& between) {
  context.hook = between.failure.writer.release();
  const int out = step.out != 0 ? static_cast<int>(step.out) : between.output.writer.get();
  const int err = step.err != 0 ? static_cast<int>(step.err) : between.output.writer.get();
  const int from[] = {between.state.get(), out, err};
  long result = kernel::setpgid(0, 0);
  if (result >= 0) result = kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 0; number < kFirstFree && result >= 0; ++number) result = kernel::dup3(from[number], number, 0);
  if (result < 0) return result;
  close_on_exec_from(context, kFirstFree);
  context.engine.reset();
  context.path = step.path.at;
  context.arguments = pointers(step.arguments, 0);
  context.environment = pointers(step.environment, 0);
  return context.arguments == nullptr || context.environment == nullptr ? -ENOMEM : 0;
}

[[noreturn]] void execute(Context& context) {
  kernel::umask(kUsualUmask);
  long result = context.root ? kernel::fchdir(context.root.get()) : 0;
  if (result >= 0) result = kernel::execve(context.path, context.arguments, context.environment);
  leave(context, result);
}

// In init: until the hook has ended.
long wait_for(Context& context, const wire::Hook<InitForm>& step, Between& between, int pid) {
  between.output.writer.reset();
  between.failure.writer.reset();
  kernel::Attended hook;
  hook.pid = pid;
  hook.output = between.output.reader.get();
  hook.seconds = static_cast<long>(step.timeout);
  const long result = kernel::attend(hook);
  int failure = 0;
  if (result != -ETIME && kernel::read(between.failure.reader.get(), &failure, sizeof failure) == sizeof failure)
    return failure;
  if (result >= 0) return 0;
  context.value = static_cast<uint64_t>(static_cast<unsigned>(hook.status));
  char line[kernel::Tail::kKept + 1];
  hook.tail.line(line);
  return context.failed(result, line);
}

}  // namespace

long perform(Context& context, const wire::Hook<InitForm>& step) {
  if (context.hook >= 0) return 0;  // this process is another hook
  Between between;
  if (const long result = open_between(step, between); result < 0) return result;
  const long child = kernel::clone(SIGCHLD);
  if (child < 0) return child;
  if (child > 0) return wait_for(context, step, between, static_cast<int>(child));
  if (const long result = become_hook(context, step, between); result < 0) leave(context, result);
  if (!step.as_program) execute(context);
  return 0;
}

}  // namespace crumb::init
