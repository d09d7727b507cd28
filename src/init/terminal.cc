// The Session, Terminal and Streams steps. No path that the image could bend leads to anything here: the multiplexer is taken
// from a devpts that was recognised as one, the slave from its master, and /dev/console is covered by descriptors
// (CVE-2025-52565).
#include <errno.h>
#include <linux/magic.h>

#include "init/channel.h"
#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"
#include "kernel/terminal.h"

namespace crumb::init {
namespace {

constexpr char kDevpts[] = "/dev/pts", kMaster[] = "/dev/pts/ptmx", kConsole[] = "/dev/console";
constexpr int kStandardStreams = 3;
constexpr unsigned kSameGroup = ~0U;  // chown(2)

long open_devpts(Context& context, Fd& directory) {
  struct statfs facts{};
  long result = open_inside(context, kDevpts, O_DIRECTORY, Links::none, directory);
  if (result >= 0) result = kernel::fstatfs(directory.get(), &facts);
  if (result >= 0 && facts.f_type != DEVPTS_SUPER_MAGIC) result = -ENODEV;
  return result < 0 ? context.failed(result, kDevpts) : 0;
}

// The names in a devpts are the kernel's own; only a mount could lie over one.
long open_master(Context& context, Fd& master) {
  Fd directory;
  if (const long result = open_devpts(context, directory); result < 0) return result;
  open_how how{};
  how.flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  struct stat facts{};
  long result = take(kernel::openat2(directory.get(), "ptmx", how), master);
  if (result >= 0) result = kernel::fstat(master.get(), &facts);
  if (result >= 0 && !(S_ISCHR(facts.st_mode) && facts.st_rdev == kernel::kMultiplexer)) result = -ENODEV;
  return result < 0 ? context.failed(result, kMaster) : 0;
}

long open_slave(Context& context, const Fd& master, Fd& slave) {
  long result = kernel::unlock_slave(master.get());
  if (result >= 0) result = take(kernel::open_slave(master.get(), O_RDWR | O_NOCTTY | O_CLOEXEC), slave);
  // Its number must not be one that it is about to be copied to.
  if (result >= 0 && slave.get() < kStandardStreams)
    result = take(kernel::fcntl(slave.get(), F_DUPFD_CLOEXEC, kStandardStreams), slave);
  return result < 0 ? context.failed(result, "slave") : 0;
}

// The group stays what the devpts gives it.
long settle(Context& context, const wire::Terminal<InitForm>& step, const Fd& master, const Fd& slave) {
  long result = kernel::fchownat(slave.get(), "", static_cast<unsigned>(step.uid), kSameGroup, AT_EMPTY_PATH);
  if (result < 0) return context.failed(result, "owner");
  if (step.rows == 0 && step.columns == 0) return 0;
  winsize size{};
  size.ws_row = static_cast<unsigned short>(step.rows);
  size.ws_col = static_cast<unsigned short>(step.columns);
  result = kernel::set_size(master.get(), size);
  return result < 0 ? context.failed(result, "size") : 0;
}

// Whatever the image has there, but what a mount would be led astray by.
long open_console(Context& context, Fd& target) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  constexpr unsigned kMode = 0600;
  const char* name = nullptr;
  Fd parent;
  long result = open_parent(context, kConsole, parent, name);
  if (result < 0) return result;
  result = take(kernel::openat(parent.get(), name, kFlags), target);
  if (result == -ENOENT) {
    const long made = kernel::mknodat(parent.get(), name, S_IFREG | kMode, 0);
    result = made < 0 && made != -EEXIST ? made : take(kernel::openat(parent.get(), name, kFlags), target);
  }
  struct stat facts{};
  if (result >= 0) result = kernel::fstat(target.get(), &facts);
  if (result < 0) return result;
  if (S_ISLNK(facts.st_mode)) return -ELOOP;
  return S_ISDIR(facts.st_mode) ? -EISDIR : 0;
}

long cover_console(Context& context, const Fd& slave) {
  constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  Fd target, mount;
  long result = open_console(context, target);
  if (result >= 0) result = take(kernel::open_tree(slave.get(), "", kClone), mount);
  if (result >= 0) result = kernel::move_mount(mount.get(), "", target.get(), "", kByDescriptors);
  if (result < 0) return context.failed(result, kConsole);
  return check_mounted(context, kConsole, O_NOFOLLOW, mount.get());
}

long hand_over(Context& context, const Fd& master) {
  wire::Message question;
  question.point = wire::Point::console;
  Answer answer;
  if (const long result = ask(context, question, master.get(), answer); result < 0) return result;
  return answer.count == 0 ? 0 : context.failed(-EPROTO, "the host's answer");
}

long become_standard_streams(const Fd& slave) {
  long result = kernel::become_controlling(slave.get());
  for (int stream = 0; stream < kStandardStreams && result >= 0; ++stream) result = kernel::dup3(slave.get(), stream, 0);
  return result < 0 ? result : 0;
}

}  // namespace

long perform(Context&, const wire::Session<InitForm>&) {
  const long result = kernel::setsid();
  return result < 0 ? result : 0;
}

long perform(Context& context, const wire::Streams<InitForm>& step) {
  for (int stream = 0; stream < kStandardStreams; ++stream) {
    struct stat facts{};
    if (kernel::fstat(stream, &facts) < 0 || !S_ISFIFO(facts.st_mode) || facts.st_uid == step.uid) continue;
    const long result = kernel::fchownat(stream, "", static_cast<unsigned>(step.uid), kSameGroup, AT_EMPTY_PATH);
    // A pipe of another user namespace, or a name in a read-only place: the program has its descriptor all the same.
    if (result < 0 && result != -EPERM && result != -EINVAL && result != -EROFS) return context.failed(result, "pipe");
  }
  return 0;
}

long perform(Context& context, const wire::Terminal<InitForm>& step) {
  Fd master, slave;
  long result = open_master(context, master);
  if (result >= 0) result = open_slave(context, master, slave);
  if (result >= 0) result = settle(context, step, master, slave);
  if (result >= 0 && step.console) result = cover_console(context, slave);
  if (result >= 0) result = hand_over(context, master);
  return result < 0 ? result : become_standard_streams(slave);
}

}  // namespace crumb::init
