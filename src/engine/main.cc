// crumb-wasm: runs one WebAssembly module. See docs/engine.md.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/code_file.h"
#include "engine/guest.h"
#include "engine/module_file.h"
#include "engine/options.h"
#include "engine/paths.h"
#include "engine/preopens.h"
#include "engine/printing.h"
#include "engine/report.h"
#include "engine/signals.h"

namespace crumb::engine {
namespace {

// Nothing is executed from here, but a hostile guest that somehow managed to should not inherit anything.
void close_descriptors_on_exec() {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  const long most = std::min(::sysconf(_SC_OPEN_MAX), 65536L);  // before Linux 5.11
  for (int descriptor = 3; descriptor < most; ++descriptor) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

void take_name(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  ::prctl(PR_SET_NAME, name.c_str() + (slash == std::string::npos ? 0 : slash + 1));
}

std::string version_text() {
  std::uint32_t major = 0, minor = 0, patch = 0;
  wasm_runtime_get_version(&major, &minor, &patch);
  return "crumb-wasm version " CRUMB_VERSION "\nWAMR " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(patch) + " (fast interpreter, compiled code)\n";
}

// End of file on the report means that the program runs.
void close_report(Options& options) {
  if (options.report >= 0) ::close(options.report);
  options.report = -1;
}

Failure load_code(const Options& options, Guest& guest) {
  Mapping code;
  if (Failure failure = map_code(options.code_descriptor, code)) return failure;
  return guest.load_code(std::move(code));
}

// Compiled code where there is some; that it cannot be used costs time and nothing else.
Failure load(const Options& options, const Mapping& mapping, Guest& guest) {
  if (options.code_descriptor >= 0) {
    const Failure failure = load_code(options, guest);
    if (!failure) return {};
    report_unusable_code(options, failure);
  }
  return guest.load_module(mapping);
}

Failure prepare(Options& options, Guest& guest) {
  Mapping mapping;
  ModuleFacts facts;
  if (Failure failure = map_module(options, mapping)) return failure;
  if (Failure failure = examine_module(mapping, facts)) return failure;
  if (Failure failure = load(options, mapping, guest)) return failure;
  if (Failure failure = guest.check(facts, options)) return failure;

  Preopens preopens;
  if (options.preopen_root) {
    if (Failure failure = choose_preopens(preopens)) return failure;
    resolve_paths_from_root(preopens.directory);
  }
  if (facts.has_start_section) close_report(options);  // the guest's first instructions come now
  if (Failure failure = guest.instantiate(options, preopens)) return failure;
  return guest.give_sockets(options, preopens);
}

int run(Options& options) {
  take_name(options.name);
  close_descriptors_on_exec();
  install_signal_handlers();

  Engine engine;
  Guest guest;
  if (Failure failure = engine.start()) return report_failure(options, failure);
  if (Failure failure = prepare(options, guest)) return report_failure(options, failure);
  close_report(options);

  int code = 0;
  std::string reason;
  if (!guest.run(options, code, reason)) code = report_trap(options, reason, take_backtrace());
  // Other threads of the guest may still run: nothing is taken down under them.
  ::_exit(code);
}

}  // namespace
}  // namespace crumb::engine

int main(int argc, char** argv) {
  using namespace crumb::engine;
  Options options;
  if (Failure failure = read_options(argc, argv, options)) return report_failure(options, failure);
  switch (options.request) {
    case Request::version:
      return write_all(STDOUT_FILENO, version_text()), 0;
    case Request::help:
      return write_all(STDOUT_FILENO, kHelp), 0;
    case Request::run:
      break;
  }
  return run(options);
}
