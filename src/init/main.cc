// crumb-init: performs a Plan and becomes the container's program. See docs/lifecycle.md.
#include <errno.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include "init/channel.h"
#include "init/context.h"
#include "init/signals.h"
#include "init/times.h"
#include "kernel/call.h"
#include "kernel/seam.h"

namespace crumb::init {
namespace {

constexpr size_t kLargestPlan = 64U << 20;

// The Plan's bytes, which stay for ever. 0 or -errno.
long map_plan(const char* argument, const unsigned char*& bytes, size_t& size) {
  const int64_t number = parse_number(argument);
  if (number < 0 || number > INT32_MAX) return -EBADF;
  const Fd file(number);
  struct stat facts{};
  if (const long result = kernel::fstat(file.get(), &facts); result < 0) return result;
  if (facts.st_size <= 0 || static_cast<size_t>(facts.st_size) > kLargestPlan) return -EBADMSG;
  size = static_cast<size_t>(facts.st_size);
  const long at = kernel::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at < 0 && at > -4096) return at;
  bytes = reinterpret_cast<const unsigned char*>(at);
#ifdef CRUMB_HOSTED
  // AddressSanitizer does not see where a mapping ends.
  void* const copied = allocate(size - 1);
  if (copied == nullptr) return -ENOMEM;
  bytes = static_cast<const unsigned char*>(__builtin_memcpy(copied, bytes, size));
#endif
  return 0;
}

// A descriptor of the header must be what it should be, and must not survive exec.
bool settle(int fd, unsigned type) {
  if (fd == wire::kNoDescriptor) return true;
  struct stat facts{};
  return kernel::fstat(fd, &facts) >= 0 && (facts.st_mode & S_IFMT) == type && kernel::fcntl(fd, F_SETFD, FD_CLOEXEC) >= 0;
}

bool settle_channels(const Context& context) {
  return settle(context.sync, S_IFSOCK) && settle(context.start, S_IFIFO) && settle(context.result, S_IFIFO) &&
         settle(context.cgroup, S_IFDIR);
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

[[noreturn]] void perform_all(Context& context, const Plan& plan) {
  Reader reader(plan.steps, plan.end);
  Times times(plan.header.times, plan.header.steps);
  for (context.step = 0; context.step < plan.header.steps; ++context.step) {
    context.operand[0] = 0;
    times.begin(context);
    if (const long result = perform_next(context, reader); result < 0) leave(context, result);
    times.end(context);
  }
  kernel::exit_group(0);  // a Plan without Exec: nothing is left to do
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
  context.cgroup = plan.header.cgroup;
  context.step = wire::kPlanStep;
  if (!settle_channels(context) || !valid) leave(context, -EBADMSG);

  if (const long result = kernel::prctl(PR_SET_PDEATHSIG, SIGKILL); result < 0) leave(context, result);
  reset_signals();
  kernel::umask(0);  // what a step makes has the mode that it says
  perform_all(context, plan);
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
