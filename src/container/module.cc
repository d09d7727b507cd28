// crumb wasm run.
#include <fcntl.h>

#include <array>
#include <csignal>
#include <optional>

#include "container/bundle.h"
#include "container/compile_later.h"
#include "container/create.h"
#include "container/launch.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/cgroup_bounds.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/log.h"
#include "wasm/module.h"

namespace crumb::container {
namespace {

constexpr int kNotFound = 127, kNotExecutable = 126;
constexpr int kTimedOut = 124;  // as timeout(1) has it

// Looked at before there is a process: most mistakes are about this file.
Fd open_module(const std::string& path, std::uint32_t preserved) {
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (opened < 0)
    throw Error(fmt::format("wasm run: \"{}\": {}", path, errno_text(static_cast<int>(-opened))),
                opened == -ENOENT || opened == -ENOTDIR ? kNotFound : kNotExecutable);
  Fd file = above_preserved(Fd(opened), preserved);
  struct stat facts{};
  check(kernel::fstat(file.get(), &facts), "wasm run: \"{}\"", path);
  if (!S_ISREG(facts.st_mode)) throw Error(fmt::format("wasm run: \"{}\": not a regular file", path), kNotExecutable);
  std::array<char, wasm::kHeaderSize> head;
  const long count = check(kernel::pread64(file.get(), head.data(), head.size(), 0), "wasm run: \"{}\"", path);
  wasm::require_module({head.data(), static_cast<std::size_t>(count)}, path);
  return file;
}

std::uint32_t own_umask() {
  const long mask = kernel::umask(0);  // there is no way to look without touching
  kernel::umask(static_cast<unsigned>(mask));
  return static_cast<std::uint32_t>(mask);
}

plan::ModuleRun run_of(const ModuleOptions& options, int file) {
  plan::ModuleRun run;
  run.file = static_cast<std::uint64_t>(file);
  run.arguments = options.arguments;
  run.arguments.insert(run.arguments.begin(), options.path);
  run.environment = options.environment;
  run.directories = options.directories;
  for (plan::ModuleDirectory& directory : run.directories)
    directory.path = real_directory(directory.path, "wasm run: option --dir: ");
  run.host_network = options.host_network;
  run.umask = own_umask();
  run.listen_fds = options.handover.listen_fds;
  // It stays in crumb's own cgroups: what is left there it sees in time.
  run.policy = plan::within(options.policy, linux::cgroup_bounds(linux::own_cgroups()));
  return run;
}

int wait_for(int pid, const ModuleOptions& options) {
  if (options.time_limit == 0) return linux::reap_forwarding_signals(pid);
  if (const std::optional<int> code = linux::reap_forwarding_signals(pid, options.time_limit)) return *code;
  kernel::kill(pid, SIGKILL);
  linux::reap(pid);
  throw Error(fmt::format("wasm run: \"{}\": ended after its {} ms (--time-limit)", options.path, options.time_limit),
              kTimedOut);
}

}  // namespace

int run_module(const Runtime& runtime, const ModuleOptions& options) {
  const std::uint32_t preserved = options.handover.count();
  settle_descriptors(options.handover);
  Fd file = open_module(options.path, preserved);
  const plan::Plan plan = plan::compile_module(run_of(options, file.get()), surroundings_of(runtime, "", "", ""));
  hold_signals();
  Launch launch(runtime, plan, {-1, -1, -1, preserved, {file.get()}});
  launch.prepare({[](int) {}, [](int) {}});
  launch.await_program(true);
  CompileJob(std::move(file), launch.wanted()).start(runtime);
  const Fd program = launch.release();
  return wait_for(launch.pid(), options);
}

}  // namespace crumb::container
