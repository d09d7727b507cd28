#include "engine/run.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/code_file.h"
#include "engine/faulty_function.h"
#include "engine/guest.h"
#include "engine/module_file.h"
#include "engine/paths.h"
#include "engine/preopens.h"
#include "engine/report.h"
#include "engine/signals.h"
#include "engine/wall.h"

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
Failure load(const Options& options, const Mapping& mapping, const ModuleFacts& facts, Guest& guest) {
  if (options.code_descriptor >= 0) {
    const Failure failure = load_code(options, guest);
    if (!failure || options.code_required) return failure;
    report_unusable_code(options, failure);
  }
  Failure failure = guest.load_module(mapping);
  if (failure) failure.text += faulty_function(mapping, facts);
  return failure;
}

Failure prepare(Options& options, Guest& guest) {
  Mapping mapping;
  ModuleFacts facts;
  if (Failure failure = map_module(options, mapping)) return failure;
  if (Failure failure = examine_module(mapping, facts)) return failure;
  if (Failure failure = load(options, mapping, facts, guest)) return failure;
  if (Failure failure = guest.check(facts, options)) return failure;

  Preopens preopens;
  if (Failure failure = choose_preopens(options.grants, preopens)) return failure;
  if (preopens.root) resolve_paths_from_root(preopens.directory);
  raise_wall(options);
  if (facts.has_start_section) close_report(options);  // the guest's first instructions come now
  if (Failure failure = guest.instantiate(options, preopens)) return failure;
  return guest.give_sockets(options, preopens);
}

}  // namespace

int run(Options& options) {
  take_name(options.name);
  close_descriptors_on_exec();
  install_signal_handlers();

  Engine engine;
  Guest guest;
  if (Failure failure = engine.start(options)) return report_failure(options, failure);
  // Once something of the guest has run, other threads of it may still do so: nothing is taken down under them.
  if (const Failure failure = prepare(options, guest)) {
    if (failure.trapped) ::_exit(report_trap(options, failure.text, guest.backtrace()));
    return report_failure(options, failure);
  }
  close_report(options);

  int code = 0;
  std::string reason;
  if (!guest.run(options, code, reason)) code = report_trap(options, reason, guest.backtrace());
  ::_exit(code);
}

}  // namespace crumb::engine
