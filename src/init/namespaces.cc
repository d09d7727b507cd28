// Stages 1 to 5 of the process tree (docs/lifecycle.md): join, make the first process, the cgroup namespace, the host's name.
#include <errno.h>
#include <linux/prctl.h>

#include "init/channel.h"
#include "init/context.h"
#include "kernel/call.h"
#include "kernel/clone_into.h"
#include "kernel/namespaces.h"

namespace crumb::init {
namespace {

struct Join {
  Fd fd;  // closed once it is joined
  uint64_t type = 0;
  const char* path = "";
};

// Joining the user namespace that one is in already is EINVAL: podman's containers share that of podman itself.
bool is_own_user_namespace(const Join& join) {
  struct stat own{}, there{};
  if (join.type != CLONE_NEWUSER || kernel::fstatat(AT_FDCWD, "/proc/self/ns/user", &own, 0) < 0) return false;
  return kernel::fstat(join.fd.get(), &there) >= 0 && own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

// Of a namespace that is joined by path only the kernel can tell.
bool is_setgroups_denied() {
  Fd file;
  char word[5] = {};
  if (take(kernel::openat(AT_FDCWD, "/proc/self/setgroups", O_RDONLY | O_CLOEXEC), file) < 0) return false;
  return kernel::read(file.get(), word, sizeof word - 1) > 0 && equal(word, "deny");
}

enum class Pass { all_but_user, user, rest };

bool belongs(const Join& join, Pass pass) {
  return join.fd && (pass == Pass::rest || (join.type == CLONE_NEWUSER) == (pass == Pass::user));
}

// Joins what is left of this pass. Only in the last one a failure counts.
long join_pass(Context& context, Join (&joins)[kMostJoins], Pass pass) {
  for (Join& join : joins) {
    if (!belongs(join, pass)) continue;
    const long result = kernel::setns(join.fd.get(), static_cast<int>(join.type));
    if (result >= 0) join.fd.reset();
    if (result < 0 && pass == Pass::rest) return context.failed(result, join.path);
  }
  return 0;
}

}  // namespace

long perform(Context& context, const wire::JoinPaths<InitForm>& step) {
  Join joins[kMostJoins];
  long error = 0;
  for_each(step.types, [&](uint32_t i, uint64_t type) { joins[i].type = type; });
  // All are opened before the first is joined: a mount namespace changes what paths mean.
  for_each(step.paths, [&](uint32_t i, Text path) {
    joins[i].path = path.at;
    const long result = take(kernel::openat(AT_FDCWD, path.at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), joins[i].fd);
    if (result < 0 && error == 0) error = context.failed(result, path.at);
  });
  if (error < 0) return error;
  for (Join& join : joins)
    if (join.fd && is_own_user_namespace(join)) join.fd.reset();
  // Privilege over some namespaces comes only with the user namespace, over others it goes with it.
  join_pass(context, joins, Pass::all_but_user);
  join_pass(context, joins, Pass::user);
  return join_pass(context, joins, Pass::rest);
}

long perform(Context&, const wire::JoinProcess<InitForm>& step) {
  const Fd pidfd(static_cast<long>(step.pidfd));
  return kernel::setns(pidfd.get(), static_cast<int>(step.types));
}

long perform(Context&, const wire::Unshare<InitForm>& step) { return kernel::unshare(step.namespaces); }

long perform(Context& context, const wire::NamespaceRoot<InitForm>&) {
  context.setgroups_denied = is_setgroups_denied();
  if (const long result = kernel::setresgid(0, 0, 0); result < 0) return context.failed(result, "gid");
  if (const long result = kernel::setresuid(0, 0, 0); result < 0) return context.failed(result, "uid");
  // A change of user resets both (prctl(2)).
  if (const long result = kernel::prctl(PR_SET_DUMPABLE, 0); result < 0) return result;
  return kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

namespace {

// Where nothing has to come before it, crumb has made the container's first process itself: this one.
bool is_first_process(const wire::Fork<InitForm>& step) {
  return (step.namespaces & CLONE_NEWPID) != 0 && kernel::getpid() == 1;
}

// In its cgroup where that is possible (linux/cgroup.h); the host looks whether it was. CLONE_PARENT: the container's process
// is crumb's child, so that whoever is crumb's parent reaps it later.
long make_process(const Context& context, uint64_t flags) {
  long child = context.cgroup < 0 ? -EBADF : kernel::clone_sibling_into(flags, context.cgroup);
  if (child < 0) child = kernel::clone(flags | CLONE_PARENT | SIGCHLD);
  if (child == 0 && context.cgroup >= 0) kernel::close(context.cgroup);
  return child;
}

// The other namespaces take the kernel long: meanwhile the host, which knows the process, makes its cgroups.
long unshare_others(const wire::Fork<InitForm>& step) {
  const uint64_t own = step.namespaces & ~uint64_t{CLONE_NEWPID};
  return own == 0 ? 0 : kernel::unshare(own);
}

}  // namespace

long perform(Context& context, const wire::Fork<InitForm>& step) {
  if (is_first_process(step)) return unshare_others(step);
  // The child says nothing before the host knows its pid: it waits until our end of this pipe is closed, by our leaving.
  int ends[2];
  if (const long result = kernel::pipe2(ends, O_CLOEXEC); result < 0) return result;
  const Fd told(ends[0]);
  Fd telling(ends[1]);
  const long child = make_process(context, step.namespaces & CLONE_NEWPID);
  if (child < 0) return child;
  if (child > 0) {
    wire::Message message;
    message.point = wire::Point::pid;
    message.value = static_cast<uint64_t>(child);
    kernel::exit_group(send(context, message) < 0 ? 1 : 0);
  }
  // Not inherited. If crumb died before this line, the socket's end of file ends us at the next point.
  if (const long result = kernel::prctl(PR_SET_PDEATHSIG, SIGKILL); result < 0) return result;
  telling.reset();
  char nothing = 0;
  while (kernel::read(told.get(), &nothing, 1) == -EINTR) {
  }
  return unshare_others(step);
}

long perform(Context&, const wire::UnshareCgroup<InitForm>&) { return kernel::unshare(CLONE_NEWCGROUP); }

long perform(Context&, const wire::Hostname<InitForm>& step) { return kernel::sethostname(step.name.at, step.name.size); }

long perform(Context&, const wire::Domainname<InitForm>& step) { return kernel::setdomainname(step.name.at, step.name.size); }

}  // namespace crumb::init
