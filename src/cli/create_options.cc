#include "cli/create_options.h"

namespace crumb::cli {

void add_create_options(Options& options, container::CreateOptions& target) {
  options.text("bundle,b", target.bundle, "DIR", "the bundle (default: the current directory)");
  options.text("config,f", target.config, "FILE", "another configuration than DIR/config.json");
  options.text("pid-file", target.pid_file, "FILE", "write the process id of the container's process here");
  options.flag("no-pivot", target.no_pivot, "enter the root filesystem without pivot_root (for a root on a ramdisk)");
  options.number("preserve-fds", target.handover.preserve_fds, "N",
                 "hand over N descriptors from 3 on, behind those of $LISTEN_FDS");
  options.flag("no-new-keyring", target.no_new_keyring, "keep the caller's session keyring instead of making a new one");
  options.text("console-socket", target.console_socket, "SOCKET", "send the master of the terminal to this Unix socket");
  options.text("pidfd-socket", target.pidfd_socket, "SOCKET", "send a pidfd of the container's process to this Unix socket");
  options.operand("ID", target.id, true);
}

}  // namespace crumb::cli
