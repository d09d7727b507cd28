// The last steps: descriptors, the filter, the wait for start, exec.
#include <errno.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include <initializer_list>

#include "init/channel.h"
#include "init/context.h"
#include "init/descriptors.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

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
  close_on_exec_from(context, static_cast<unsigned>(step.first));
  return context.engine ? keep_for_engine(context) : 0;
}

namespace {

// What the filter may forbid comes before it: its death takes init with it only until the host has answered, which an end of
// file tells as well.
long prepare_listener(const wire::Seccomp<InitForm>& step) {
  const long result = step.dumpable ? kernel::prctl(PR_SET_DUMPABLE, 1) : 0;
  return result < 0 ? result : kernel::prctl(PR_SET_PDEATHSIG, 0);
}

long hand_over_listener(Context& context, long listener) {
  wire::Message question;
  question.point = wire::Point::seccomp;
  question.value = static_cast<uint64_t>(listener);
  Answer answer;
  return ask(context, question, -1, answer);
}

}  // namespace

long perform(Context& context, const wire::Seccomp<InitForm>& step) {
  const bool notifies = (step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  if (notifies)
    if (const long result = prepare_listener(step); result < 0) return result;
  // The wire's 8 bytes of each instruction are the kernel's; it copies them from wherever they lie.
  auto* const instructions = reinterpret_cast<sock_filter*>(const_cast<unsigned char*>(step.program.at));
  const sock_fprog program{static_cast<unsigned short>(step.program.count), instructions};
  const long result = kernel::seccomp(SECCOMP_SET_MODE_FILTER, step.flags, &program);
  context.filtered = result >= 0;
  return result < 0 || !notifies ? result : hand_over_listener(context, result);
}

long perform(Context& context, const wire::WaitStart<InitForm>&) { return wait_for_start(context); }

long perform(Context& context, const wire::Exec<InitForm>&) {
  if (context.engine) return context.failed(exec_engine(context), "crumb-wasm");
  if (context.path == nullptr) return -ENOENT;
  return context.failed(kernel::execve(context.path, context.arguments, context.environment), context.path);
}

}  // namespace crumb::init
