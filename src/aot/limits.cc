#include "aot/limits.h"

#include <llvm/Support/ErrorHandling.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <new>

#include "aot/leave.h"
#include "wire/code.h"

namespace crumb::aot {
namespace {

// Made ahead of time: a signal handler cannot, and out of memory there is no room.
char memory_text[96] = "out of memory";
char time_text[64] = "out of time";

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  std::snprintf(memory_text, sizeof memory_text, "out of memory: the compiler needs more than the limit of %llu MiB",
                static_cast<unsigned long long>(bytes >> 20));
  const struct rlimit limit = {bytes, bytes};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) be_unable("the memory limit cannot be set");
}

void limit_time(std::uint32_t seconds) {
  constexpr rlim_t kGrace = 5;  // then SIGKILL
  if (seconds == 0) return;
  std::snprintf(time_text, sizeof time_text, "out of time: not done after %u s", seconds);
  struct sigaction action = {};
  action.sa_handler = [](int) { give_up(time_text); };
  ::sigaction(SIGXCPU, &action, nullptr);
  action.sa_handler = [](int) { be_unable(time_text); };  // the machine was busy
  ::sigaction(SIGALRM, &action, nullptr);
  const struct rlimit limit = {seconds, seconds + kGrace};
  if (::setrlimit(RLIMIT_CPU, &limit) != 0) be_unable("the time limit cannot be set");
  ::alarm(seconds);
}

}  // namespace

void out_of_memory() { give_up(memory_text); }

void set_limits(const Options& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (nobody_listens()) ::_exit(wire::kCompilerUnable);  // it had ended before the line above
  const struct rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  std::set_new_handler(out_of_memory);
  llvm::install_bad_alloc_error_handler([](void*, const char*, bool) { out_of_memory(); });
  llvm::install_fatal_error_handler([](void*, const char* reason, bool) { give_up(std::string("LLVM: ") + reason); });
  limit_memory(options.memory);
  limit_time(options.seconds);
}

}  // namespace crumb::aot
