// Stages 1 to 5 of the process tree (docs/protocol.md): join, make the first process, the cgroup namespace, the host's name.
#include <errno.h>
#include <linux/prctl.h>

#include "init/channel.h"
#include "init/context.h"
#include "kernel/call.h"
#include "kernel/namespaces.h"

namespace crumb::init {
namespace {

constexpr unsigned kMostJoins = 8;

struct Joins {
  int fd[kMostJoins];
  uint64_t type[kMostJoins];
  bool done[kMostJoins];
  unsigned count = 0;
};

// One pass over what is not joined yet. `user`: 1 only user namespaces, 0 all others, -1 whatever is left and must succeed.
long join_pass(Joins& joins, int user) {
  for (unsigned i = 0; i < joins.count; ++i) {
    if (joins.done[i] || (user >= 0 && (joins.type[i] == CLONE_NEWUSER) != (user == 1))) continue;
    const long result = kernel::setns(joins.fd[i], static_cast<int>(joins.type[i]));
    if (result < 0 && user < 0) return result;
    joins.done[i] = result == 0;
  }
  return 0;
}

}  // namespace

long perform(Context& context, const wire::JoinPaths<InitForm>& step) {
  Joins joins;
  long error = 0;
  for_each(step.types, [&](uint32_t, uint64_t type) {
    if (joins.count < kMostJoins) joins.type[joins.count++] = type;
  });
  if (step.types.count != step.paths.count || step.types.count > kMostJoins) return -EBADMSG;
  // All are opened before the first is joined: a mount namespace changes what paths mean.
  for_each(step.paths, [&](uint32_t i, Text path) {
    const long fd = kernel::openat(AT_FDCWD, path.at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    joins.fd[i] = static_cast<int>(fd);
    joins.done[i] = false;
    if (fd < 0 && error == 0) error = context.failed(fd, path.at);
  });
  if (error < 0) return error;
  // Privilege over some namespaces comes only with the user namespace, over others it goes with it.
  if (joins.count > 0) join_pass(joins, 0);
  join_pass(joins, 1);
  if (const long result = join_pass(joins, -1); result < 0) return result;
  for (unsigned i = 0; i < joins.count; ++i) kernel::close(joins.fd[i]);
  return 0;
}

long perform(Context&, const wire::JoinProcess<InitForm>& step) {
  const long result = kernel::setns(static_cast<int>(step.pidfd), static_cast<int>(step.types));
  if (result < 0) return result;
  kernel::close(static_cast<int>(step.pidfd));
  return 0;
}

long perform(Context& context, const wire::Fork<InitForm>& step) {
  // The child says nothing before the host knows its pid: it waits until our end of this pipe is closed, by our leaving.
  int told[2];
  if (const long result = kernel::pipe2(told, O_CLOEXEC); result < 0) return result;
  // CLONE_PARENT: the container's process is crumb's child, so that whoever is crumb's parent reaps it later.
  const long child = kernel::clone(CLONE_PARENT | SIGCHLD | step.namespaces);
  if (child < 0) return child;
  if (child > 0) {
    wire::Message message;
    message.point = wire::Point::pid;
    message.value = static_cast<uint64_t>(child);
    kernel::exit_group(send(context, message) < 0 ? 1 : 0);
  }
  kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
  char nothing = 0;
  kernel::close(told[1]);
  while (kernel::read(told[0], &nothing, 1) == -EINTR) {
  }
  kernel::close(told[0]);
  return 0;
}

long perform(Context& context, const wire::Meet<InitForm>& step) {
  const wire::Point point = static_cast<wire::Point>(step.point);
  meet(context, point);
  if (point == wire::Point::ready) {
    context.ready = true;
    kernel::prctl(PR_SET_PDEATHSIG, 0);  // crumb may leave now
  }
  return 0;
}

long perform(Context&, const wire::UnshareCgroup<InitForm>&) { return kernel::unshare(CLONE_NEWCGROUP); }

long perform(Context&, const wire::Hostname<InitForm>& step) { return kernel::sethostname(step.name.at, step.name.size); }

}  // namespace crumb::init
