// crumb exec: one more process in a running container.
#include <memory>

#include "cli/command.h"
#include "cli/create_options.h"
#include "cli/handover.h"
#include "cli/process.h"
#include "support/error.h"
#include "support/given_file.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

struct Given {
  container::ExecOptions exec;
  ProcessFlags flags;
  std::string process_file;
  bool tty = false;
  std::vector<std::string> cgroups;
};

void add_flags(Options& options, Given& given) {
  options.text("process,p", given.process_file, "FILE", "the whole process, as in config.json's member process");
  options.texts("env,e", given.flags.env, "NAME=VALUE", "set a variable (repeatable)");
  options.text("cwd", given.flags.cwd, "DIR", "working directory in the container");
  options.text("user,u", given.flags.user, "UID[:GID]", "user and group, in numbers");
  options.texts("additional-gids,g", given.flags.gids, "GID", "one more group (repeatable)");
  options.texts("cap,c", given.flags.capabilities, "NAME", "one more capability: CAP_NET_ADMIN (repeatable)");
  options.flag("no-new-privs", given.flags.no_new_privileges, "set no_new_privs");
  options.text("process-label", given.flags.process_label, "LABEL", "SELinux label of the process");
  options.text("apparmor", given.flags.apparmor, "PROFILE", "AppArmor profile of the process");
  options.exclude("process", {"env", "cwd", "user", "additional-gids", "cap", "no-new-privs", "process-label", "apparmor"});
  options.text("pid-file", given.exec.pid_file, "FILE", "write the process id here");
  options.flag("detach,d", given.exec.detach, "return when the program runs, without waiting for its end");
  options.number("preserve-fds", given.exec.handover.preserve_fds, "N",
                 "hand over N descriptors from 3 on, behind those of $LISTEN_FDS");
  options.flag("tty,t", given.tty, "give it a terminal");
  options.text("console-socket", given.exec.console_socket, "SOCKET",
               "with --detach: send the terminal's master to this Unix socket");
  options.text("pidfd-socket", given.exec.pidfd_socket, "SOCKET", "send a pidfd of the process to this Unix socket");
  options.texts("cgroup", given.cgroups, "[CONTROLLER:]PATH",
                "join a cgroup below the container's own (repeatable with CONTROLLER)");
  options.flag("ignore-paused", given.exec.ignore_paused, "allow it in a paused container: the process waits for resume");
}

oci::Process process_from(const std::string& file) {
  try {
    return oci::parse_process(read_given_file(file), file);
  } catch (const Error& error) {
    throw fail("exec: option --process: {}", error.what());
  }
}

oci::Process process_of(const container::Runtime& runtime, const Given& given) {
  if (!given.process_file.empty()) {
    if (!given.flags.command.empty())
      throw fail("exec: {}: with --process the command comes from the file", quote(given.flags.command[0]));
    return process_from(given.process_file);
  }
  if (given.flags.command.empty()) throw fail("exec: COMMAND is required (see crumb exec --help)");
  // A container without a process of its own (config.md allows it) gives no defaults.
  oci::Process base;
  base.cwd = "/";
  return apply(container::config(runtime, given.exec.id).process.value_or(base), given.flags);
}

}  // namespace

Action define_exec(Options& options) {
  const auto given = std::make_shared<Given>();
  add_flags(options, *given);
  options.operand("ID", given->exec.id, true);
  options.rest(given->flags.command);
  return [given](const container::Runtime& runtime) {
    std::vector<std::string>& command = given->flags.command;
    if (!command.empty() && command.front() == "--") command.erase(command.begin());  // exec ID -- ls -l
    given->exec.process = process_of(runtime, *given);
    if (given->tty) given->exec.process.terminal = true;
    take_activation(given->exec.handover);
    given->exec.cgroups = parse_sub_cgroups(given->cgroups);
    return container::exec(runtime, given->exec);
  };
}

}  // namespace crumb::cli
