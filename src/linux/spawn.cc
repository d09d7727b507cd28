// Starting crumb-init and helpers: vfork, then exec of a descriptor.
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
  const Streams* streams = nullptr;  // none: crumb's own
  long error = 0;                    // written by the child, in the memory that both share until its exec
};

// All between vfork and exec: nothing but raw system calls, the parent's memory is ours.

long inherit(const std::vector<int>& descriptors) {
  for (const int fd : descriptors)
    if (kernel::fcntl(fd, F_SETFD, 0) < 0) return -EBADF;
  return 0;
}

// The helper's descriptors in their places, the program's behind them, every other closed.
long take_streams(Launch& launch) {
  constexpr int kProgram = 3;
  const int from[] = {launch.streams->in, launch.streams->out, launch.streams->err};
  for (int number = 0; number < kProgram; ++number)
    if (const long result = kernel::dup3(from[number], number, 0); result < 0) return result;
  if (launch.program != kProgram)
    if (const long result = kernel::dup3(launch.program, kProgram, O_CLOEXEC); result < 0) return result;
  launch.program = kProgram;
  if (const long result = kernel::close_range(kProgram + 1, ~0U, 0); result < 0) return result;
  return kernel::chdir("/");
}

[[noreturn]] [[gnu::noinline]] void launch(Launch& launch) {
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
  launch.error = launch.streams ? take_streams(launch) : inherit(*launch.inherited);
  if (launch.error >= 0)
    launch.error = kernel::execveat(launch.program, "", launch.arguments, launch.environment, AT_EMPTY_PATH);
  ::_exit(127);
}

int start(Launch& request, const std::string& name) {
  want_children();
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): exec must come before anything is unshared
  if (child == 0) launch(request);
  check(child < 0 ? -errno : 0, "start {}", name);
  if (request.error < 0) {
    reap(child);
    check(request.error, "execute {}", name);
  }
  return child;
}

}  // namespace

void want_children() {
  const kernel::SignalAction defaults;
  check(kernel::rt_sigaction(SIGCHLD, &defaults), "SIGCHLD");
}

int spawn(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::string rules = fmt::format("CRUMB_SEAM_INIT={}", seam_rules() ? seam_rules() : "");
  std::array<char*, 2> environment{seam_rules() ? rules.data() : nullptr, nullptr};

  Launch request{program, argv.data(), environment.data(), &inherited};
  return start(request, arguments.front());
}

int spawn_helper(const std::string& path, const Streams& streams, const std::vector<std::string>& arguments) {
  std::string name = path.substr(path.rfind('/') + 1);
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened == -ENOENT) throw fail("{}: is not there", path);  // callers take the kernel's words for a missing program
  const Fd file(check(opened, "{}", path));
  const Fd program(check(kernel::fcntl(file.get(), F_DUPFD_CLOEXEC, 3), "{}", path));
  std::vector<char*> argv{name.data()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> environment{nullptr};
  Launch request{program.get(), argv.data(), environment.data(), nullptr, &streams};
  return start(request, name);
}

}  // namespace crumb::linux
