#include "container/create.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::container {
namespace {

// A container that did not start leaves nothing, whatever the caller wanted to keep.
void clear_away(const Runtime& runtime, const std::string& id, int pid) {
  try {
    remove(runtime, id, true);
    linux::reap(pid);
  } catch (const Error& error) {
    log::warning(error.what());
  }
}

}  // namespace

int run(const Runtime& runtime, const CreateOptions& options, bool detach, bool keep) {
  if (!detach) hold_signals();
  Made made = make_container(runtime, options, detach);
  const int pid = made.pid;
  try {
    start_program(runtime, options.id, !detach && !made.terminal.in_foreground());
  } catch (const Error&) {
    clear_away(runtime, options.id, pid);
    throw;
  }
  if (detach) return 0;
  const int code = made.terminal.wait(pid);
  if (!keep) remove(runtime, options.id, true);
  return code;
}

}  // namespace crumb::container
