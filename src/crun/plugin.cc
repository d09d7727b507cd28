// The handler for crun: a container's process becomes a guest of the engine's, in crun's own process. See docs/ways-in.md.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "crun/capabilities.h"
#include "crun/handler.h"
#include "crun/program.h"
#include "engine/circumstances.h"
#include "engine/options.h"
#include "engine/report.h"
#include "engine/run.h"

namespace crumb::crun {
namespace {

constexpr int kFirstHandedOver = 3;

// What was found out on the host: memory is all that reaches the container's process, in which crun closes every descriptor.
std::uint64_t network_of_host = 0;  // the namespace that crun itself is in
std::uint64_t memory_limit = 0;     // of the container's cgroup and those above it; 0: none, or not known

// crun marks what is not handed over close-on-exec; nothing is executed here, so that is closed by hand. What is handed over
// comes first and without a gap.
void close_descriptors_of_crun() {
  int first = kFirstHandedOver;
  for (int flags = 0; (flags = ::fcntl(first, F_GETFD)) >= 0 && (flags & FD_CLOEXEC) == 0;) ++first;
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0) == 0) return;
  struct rlimit limit = {};  // before Linux 5.9, or the container's filter does not know the call
  constexpr rlim_t kMost = 65536;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = kMost;
  for (int descriptor = first; descriptor < static_cast<int>(std::min(limit.rlim_cur, kMost)); ++descriptor)
    ::close(descriptor);
}

engine::Options options_of(const std::string& program, char* const argv[]) {
  engine::Options options = engine::default_options();
  options.under_crumb = true;
  options.name = program;
  options.argv = const_cast<char**>(argv);
  while (argv[options.argc] != nullptr) ++options.argc;
  return options;
}

[[noreturn]] void refuse(const engine::Options& options, int error, const char* reason) {
  ::_exit(engine::report_failure(options, {error, reason}));
}

[[noreturn]] void run_guest(engine::Options options) {
  close_descriptors_of_crun();
  if (!drop_capabilities()) refuse(options, EPERM, "the capabilities that its user may not have cannot be dropped");
  engine::look_around(options);
  // Inside, only what is mounted on /sys/fs/cgroup is seen.
  if (memory_limit != 0 && (options.memory_limit == 0 || memory_limit < options.memory_limit))
    options.memory_limit = memory_limit;
  const std::uint64_t network = engine::network_namespace();
  if (network != 0 && network_of_host != 0 && network != network_of_host) options.network = engine::Network::all;
  ::_exit(engine::run(options));
}

// crun finds what can be executed; a module needs no such right, and is looked for once more.
engine::Options find(const char* path, char* const argv[]) {
  const engine::Options options = options_of(find_program(path), argv);
  if (options.name.empty()) refuse(options_of(path, argv), ENOENT, "no such file in $PATH");
  return options;
}

int load(void** cookie, Error**) {
  *cookie = nullptr;
  network_of_host = engine::network_namespace();
  return 0;
}

int unload(void*, Error**) { return 0; }

int configure(void*, int phase, Context*, Container*, const char*, Error**) {
  if (phase == kBeforeMounts) memory_limit = engine::own_memory_limit();
  return 0;
}

// Whoever names the handler "crumb" says that the program is a module.
int run(void*, Container*, const char* path, char* const argv[]) { run_guest(find(path, argv)); }

// A probe or a shell in the same container is judged by its content alone, and so is every program for the handler
// "crumb-smart": sidecars run natively.
int run_by_content(void*, Container*, const char* path, char* const argv[]) {
  const engine::Options options = find(path, argv);
  if (is_webassembly(options.name)) run_guest(options);
  ::execv(options.name.c_str(), argv);
  refuse(options, errno, std::strerror(errno));
}

constexpr Handler named(const char* name, const char* alias, const char* feature, Run what) {
  return {.name = name,
          .feature = feature,
          .alias = alias,
          .load = load,
          .unload = unload,
          .run = what,
          .exec = run_by_content,
          .configure_container = configure};
}

constexpr Handler handler = named("crumb", "wasm", "WASM:crumb", run);
constexpr Handler smart = named("crumb-smart", "wasm-smart", nullptr, run_by_content);

}  // namespace
}  // namespace crumb::crun

#define CRUMB_SEEN_BY_CRUN extern "C" __attribute__((visibility("default")))

CRUMB_SEEN_BY_CRUN const crumb::crun::Handler* run_oci_handler_get_handler() { return &crumb::crun::handler; }
CRUMB_SEEN_BY_CRUN const crumb::crun::Handler* crumb_crun_smart_handler() { return &crumb::crun::smart; }  // smart.cc
