// Starting crumb-init: vfork, then exec of a descriptor.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "linux/process.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

#ifdef CRUMB_SEAM
const char* seam_rules() { return std::getenv("CRUMB_SEAM_INIT"); }
#else
const char* seam_rules() { return nullptr; }
#endif

struct Launch {
  int program;
  char* const* arguments;
  char* const* environment;
  const std::vector<int>* inherited;
  long error = 0;  // written by the child, in the memory that both share until its exec
};

// A caller that ignores SIGCHLD hands that down, and the kernel then reaps our children itself: their exit codes would be lost.
void want_children() {
  const kernel::SignalAction defaults;
  check(kernel::rt_sigaction(SIGCHLD, &defaults), "SIGCHLD");
}

// Between vfork and exec: nothing but raw system calls, the parent's memory is ours.
[[noreturn]] [[gnu::noinline]] void launch(Launch& launch) {
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
  for (const int fd : *launch.inherited) {
    if (launch.error == 0 && kernel::fcntl(fd, F_SETFD, 0) < 0) launch.error = -EBADF;
  }
  if (launch.error == 0)
    launch.error = kernel::execveat(launch.program, "", launch.arguments, launch.environment, AT_EMPTY_PATH);
  ::_exit(127);
}

}  // namespace

int spawn(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::string rules = fmt::format("CRUMB_SEAM_INIT={}", seam_rules() ? seam_rules() : "");
  std::array<char*, 2> environment{seam_rules() ? rules.data() : nullptr, nullptr};

  want_children();
  Launch request{program, argv.data(), environment.data(), &inherited};
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): exec must come before anything is unshared
  if (child == 0) launch(request);
  check(child < 0 ? -errno : 0, "start {}", arguments.front());
  if (request.error < 0) {
    reap(child);
    check(request.error, "execute {}", arguments.front());
  }
  return child;
}

}  // namespace crumb::linux
