// crumb-init: performs a Plan and becomes the container's program. See docs/protocol.md.
#include <errno.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include "init/channel.h"
#include "init/context.h"
#include "kernel/call.h"
#include "kernel/seam.h"

namespace crumb::init {
namespace {

// Signals that crumb or its caller ignores or blocks are not the program's business.
void reset_signals() {
  struct {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    unsigned long mask = 0;
  } const defaults;
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP) kernel::rt_sigaction(signal, &defaults);
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
}

long map_plan(const char* argument, const unsigned char*& bytes, size_t& size) {
  const int64_t fd = parse_number(argument);
  struct stat facts{};
  if (fd < 0) return -EBADF;
  if (const long result = kernel::fstat(static_cast<int>(fd), &facts); result < 0) return result;
  size = static_cast<size_t>(facts.st_size);
  if (size == 0) return -EBADMSG;
  const long at = kernel::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, static_cast<int>(fd), 0);
  if (at < 0 && at > -4096) return at;
  kernel::close(static_cast<int>(fd));
  bytes = reinterpret_cast<const unsigned char*>(at);
  return 0;
}

long perform_next(Context& context, Reader& reader) {
  switch (static_cast<wire::StepNumber>(reader.number16())) {
#define CRUMB_CASE(name)       \
  case wire::StepNumber::name: \
    return perform(context, read_step<wire::name<InitForm>>(reader));
    CRUMB_STEPS(CRUMB_CASE)
#undef CRUMB_CASE
    case wire::StepNumber::none:
      break;
  }
  return -EBADMSG;
}

[[noreturn]] void run(int count, char** arguments, [[maybe_unused]] char** environment) {
  // CVE-2016-9962: what holds the Plan and the host's descriptors is nobody's to look into.
  kernel::prctl(PR_SET_DUMPABLE, 0);
#ifdef CRUMB_SEAM
  for (; *environment != nullptr; ++environment)
    if (starts_with(*environment, "CRUMB_SEAM_INIT=")) kernel::seam_start(*environment + length("CRUMB_SEAM_INIT="));
#endif
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  if (count != 2 || map_plan(arguments[1], bytes, size) < 0) kernel::exit_group(1);

  Plan plan;
  Context context;
  const bool valid = open_plan(bytes, size, plan);
  // Even a Plan that is cut off or altered says where the host listens, if its header is there.
  context.sync = plan.header.sync;
  context.start = plan.header.start;
  context.result = plan.header.result;
  context.step = wire::kPlanStep;
  if (!valid) leave(context, -EBADMSG);

  kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
  reset_signals();
  kernel::umask(0);
  Reader reader(plan.steps, plan.end);
  for (context.step = 0; context.step < plan.header.steps; ++context.step) {
    context.operand[0] = 0;
    if (const long result = perform_next(context, reader); result < 0) leave(context, result);
  }
  kernel::exit_group(0);  // a Plan without Exec: nothing is left to do
}

}  // namespace
}  // namespace crumb::init

#ifdef CRUMB_HOSTED
int main(int count, char** arguments, char** environment) { crumb::init::run(count, arguments, environment); }
#else
extern "C" [[noreturn]] void crumb_init_start(long* stack);
extern "C" void crumb_init_start(long* stack) {
  const long count = stack[0];
  char** const arguments = reinterpret_cast<char**>(stack + 1);
  crumb::init::run(static_cast<int>(count), arguments, arguments + count + 1);
}
#if defined(__x86_64__)
asm(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call crumb_init_start\n");
#else
asm(".globl _start\n_start: mov x29, xzr\n mov x30, xzr\n mov x0, sp\n and sp, x0, #~15\n bl crumb_init_start\n");
#endif
#endif
