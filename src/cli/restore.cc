// crumb restore: files of a checkpoint become a running container.
#include <memory>

#include "cli/command.h"
#include "cli/criu_options.h"

namespace crumb::cli {

Action define_restore(Options& options) {
  const auto given = std::make_shared<container::RestoreOptions>();
  options.text("bundle,b", given->create.bundle, "DIR", "the bundle (default: the current directory)");
  options.text("pid-file", given->create.pid_file, "FILE", "write the process id of the container's process here");
  options.flag("detach,d", given->detach, "return when the container runs, without waiting for its end");
  options.text("console-socket", given->create.console_socket, "SOCKET", "send the master of the terminal to this Unix socket");
  add_criu_options(options, given->criu);
  options.text("lsm-profile", given->lsm_profile, "TYPE:NAME", "another LSM profile: apparmor:NAME or selinux:LABEL");
  options.text("lsm-mount-context", given->lsm_mount_context, "CONTEXT", "another SELinux context of mounts");
  options.ignored("no-pivot", "accepted for runc's callers; criu enters the root filesystem");
  options.ignored("no-subreaper", "accepted for runc's callers; the process is crumb's own child");
  options.operand("ID", given->create.id, true);
  return [given](const container::Runtime& runtime) { return container::restore(runtime, *given); };
}

}  // namespace crumb::cli
