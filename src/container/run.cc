#include <csignal>

#include "container/create.h"
#include "kernel/call.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// A container that did not start leaves nothing, whatever the caller wanted to keep.
void clear_away(const Runtime& runtime, Made& made) {
  try {
    kernel::kill(made.pid, SIGKILL);  // not reaped yet: the number is still its own
    remove_made(runtime, made);
    linux::reap(made.pid);
  } catch (const Error& error) {
    log::warning(error.what());
  }
}

}  // namespace

int run(const Runtime& runtime, const CreateOptions& options, bool detach, bool keep) {
  if (!detach) hold_signals();
  Made made = make_container(runtime, options, detach);
  try {
    start_made(runtime, made, !detach && !made.terminal.in_foreground());
  } catch (const Error&) {
    clear_away(runtime, made);
    throw;
  }
  if (detach) return 0;
  const int code = made.terminal.wait(made.pid);
  if (!keep) remove_made(runtime, made);
  return code;
}

}  // namespace crumb::container
