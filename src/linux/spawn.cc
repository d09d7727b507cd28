// Starting crumb-init and helpers: vfork, then exec of a descriptor.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernel/clone_into.h"
#include "kernel/seam.h"
#include "linux/process.h"
#include "linux/spawn_first.h"
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
  const Command* command = nullptr;  // a program by its path, instead of `program`
  int namespaces = 0;                // CLONE_NEWPID or none
  int cgroup = -1;                   // the directory of one of version 2, or none
  long error = 0;                    // written by the child, in the memory that both share until its exec
};

// All between vfork and exec: nothing but raw system calls, the parent's memory is ours.

long inherit(const std::vector<int>& descriptors) {
  for (const int fd : descriptors)
    if (kernel::fcntl(fd, F_SETFD, 0) < 0) return -EBADF;
  return 0;
}

constexpr int kProgram = 3;

long place_streams(const Streams& streams) {
  const int from[] = {streams.in, streams.out, streams.err};
  for (int number = 0; number < kProgram; ++number)
    if (const long result = kernel::dup3(from[number], number, 0); result < 0) return result;
  return 0;
}

// The helper's descriptors in their places, the program's behind them, every other closed.
long take_streams(Launch& launch) {
  if (const long result = place_streams(*launch.streams); result < 0) return result;
  if (launch.program != kProgram)
    if (const long result = kernel::dup3(launch.program, kProgram, O_CLOEXEC); result < 0) return result;
  launch.program = kProgram;
  if (const long result = kernel::close_range(kProgram + 1, ~0U, 0); result < 0) return result;
  return kernel::chdir("/");
}

// Children of vfork have a table of their own, which begins as a copy.
void reset_dispositions() {
  constexpr int kSignals = 64;
  const kernel::SignalAction defaults;
  for (int signal = 1; signal <= kSignals; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP) kernel::rt_sigaction(signal, &defaults);
}

long become_command(const Command& command) {
  reset_dispositions();
  long result = kernel::setpgid(0, 0);
  if (result >= 0) result = kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (result >= 0) result = place_streams(command.streams);
  if (result >= 0) result = kernel::close_range(kProgram, ~0U, 0);
  if (result < 0) return result;
  // A bundle may be gone by now.
  return kernel::chdir(command.directory.c_str()) < 0 ? kernel::chdir("/") : 0;
}

[[noreturn]] void execute_command(Launch& launch) {
  launch.error = become_command(*launch.command);
  if (launch.error >= 0) launch.error = kernel::execve(launch.command->path.c_str(), launch.arguments, launch.environment);
  ::_exit(127);
}

[[noreturn]] [[gnu::noinline]] void launch(Launch& launch) {
  const unsigned long nothing = 0;
  kernel::rt_sigprocmask(SIG_SETMASK, &nothing);
  if (launch.command) execute_command(launch);
  launch.error = launch.streams ? take_streams(launch) : inherit(*launch.inherited);
  if (launch.error >= 0)
    launch.error = kernel::execveat(launch.program, "", launch.arguments, launch.environment, AT_EMPTY_PATH);
  ::_exit(127);
}

int launch_on_its_stack(void* request) { launch(*static_cast<Launch*>(request)); }

// vfork for a child in new namespaces. It needs a stack of its own as long as ours waits: the part of it that is left here.
[[gnu::no_sanitize("address")]] long make_child(Launch& request) {
#ifdef CRUMB_SEAM
  if (const long result = kernel::seam_check(SYS_clone); result < 0) return result;
#endif
  constexpr std::size_t kStack = 32U << 10;
  alignas(16) std::array<char, kStack> stack;  // NOLINT(*member-init): pages that are not touched cost nothing
  const int flags = CLONE_VM | CLONE_VFORK | request.namespaces;
  long child = request.cgroup < 0
                   ? -EBADF
                   : kernel::clone_into(flags, request.cgroup, stack.data(), stack.size(), launch_on_its_stack, &request);
  // A kernel or a filter without clone3, a cgroup that takes no process: it is moved later, or it is said why it cannot be.
  if (child < 0) child = ::clone(launch_on_its_stack, stack.data() + stack.size(), flags | SIGCHLD, &request);
#ifdef __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(stack.data(), stack.size());  // the child has not returned from its functions
#endif
  return child < 0 ? -errno : child;
}

// The child, or -errno of what it could not be made or executed for.
long try_start(Launch& request) {
  want_children();
  const long child = make_child(request);
  if (child >= 0 && request.error < 0) reap(static_cast<int>(child));
  return request.error < 0 ? request.error : child;
}

int start(Launch& request, const std::string& name) { return static_cast<int>(check(try_start(request), "execute {}", name)); }

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// -errno where no process could be made.
long spawn_init(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited, int namespaces = 0,
                int cgroup = -1) {
  const std::vector<char*> argv = pointers(arguments);
  std::string rules = fmt::format("CRUMB_SEAM_INIT={}", seam_rules() ? seam_rules() : "");
  std::array<char*, 2> environment{seam_rules() ? rules.data() : nullptr, nullptr};

  Launch request{.program = program,
                 .arguments = argv.data(),
                 .environment = environment.data(),
                 .inherited = &inherited,
                 .namespaces = namespaces,
                 .cgroup = cgroup};
  const long child = try_start(request);
  if (request.error < 0) check(request.error, "execute {}", arguments.front());
  return child;
}

}  // namespace

void want_children() {
  const kernel::SignalAction defaults;
  check(kernel::rt_sigaction(SIGCHLD, &defaults), "SIGCHLD");
}

long spawn_first(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited, int cgroup) {
  return spawn_init(program, arguments, inherited, CLONE_NEWPID, cgroup);
}

int spawn(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited) {
  return static_cast<int>(check(spawn_init(program, arguments, inherited), "execute {}", arguments.front()));
}

int spawn_helper(const std::string& path, const Streams& streams, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::string name = path.substr(path.rfind('/') + 1);
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened == -ENOENT) throw fail("{}: is not there", path);  // callers take the kernel's words for a missing program
  const Fd file(check(opened, "{}", path));
  const Fd program(check(kernel::fcntl(file.get(), F_DUPFD_CLOEXEC, 3), "{}", path));
  std::vector<char*> argv = pointers(arguments);
  argv.insert(argv.begin(), name.data());
  const std::vector<char*> variables = pointers(environment);
  Launch request{program.get(), argv.data(), variables.data(), nullptr, &streams};
  return start(request, name);
}

long spawn_command(const Command& command) {
  const std::vector<char*> argv = pointers(command.arguments), environment = pointers(command.environment);
  Launch request{
      .program = -1, .arguments = argv.data(), .environment = environment.data(), .inherited = nullptr, .command = &command};
  return try_start(request);
}

}  // namespace crumb::linux
