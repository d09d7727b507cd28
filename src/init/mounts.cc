// The Mount step: a mount is made detached, changed, and only then moved onto its target, which is held by a descriptor.
#include <errno.h>
#include <sys/mount.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/paths.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

using Mount = wire::Mount<InitForm>;

// Options that every filesystem takes beside its own.
constexpr struct {
  unsigned long flag;
  const char* word;
} kSuperblockWords[] = {
    {MS_RDONLY, "ro"}, {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"}, {MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"}};

// "key=value" or "flag"; a comma inside a value is written as "\,".
long configure_option(int filesystem, char* option) {
  char* value = option;
  while (*value != 0 && *value != '=') ++value;
  if (*value == 0) return kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option, nullptr, 0);
  *value++ = 0;
  return kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, option, value, 0);
}

long configure_data(Context& context, int filesystem, const Text& data) {
  char* const option = static_cast<char*>(allocate(data.size + 1));
  if (option == nullptr) return -ENOMEM;
  for (const char* at = data.at; *at != 0;) {
    size_t size = 0;
    for (; *at != 0 && *at != ','; ++at) {
      if (at[0] == '\\' && at[1] == ',') ++at;
      option[size++] = *at;
    }
    option[size] = 0;
    if (*at == ',') ++at;
    if (size == 0) continue;
    char* const shown = concatenate("option ", option);
    if (const long result = configure_option(filesystem, option); result < 0)
      return context.failed(result, shown ? shown : "option");
  }
  return 0;
}

// What the filesystem itself says of the failure, if it says something: "e tmpfs: Bad value for 'size'".
long explained(Context& context, int filesystem, long error) {
  char log[sizeof context.operand];
  const long size = kernel::read(filesystem, log, sizeof log - 1);
  if (size <= 2) return error;
  log[size] = 0;
  for (char* at = log; *at != 0; ++at)
    if (*at == '\n') *at = 0;
  return context.failed(error, log + 2);
}

long configure(Context& context, int filesystem, const Mount& step) {
  if (step.source.size > 0) {
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, "source", step.source.at, 0);
    if (result < 0) return result;
  }
  for (const auto& option : kSuperblockWords) {
    if ((step.superblock & option.flag) == 0) continue;
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option.word, nullptr, 0);
    if (result < 0) return context.failed(result, option.word);
  }
  if (const long result = configure_data(context, filesystem, step.data); result < 0) return result;
  return kernel::fsconfig(filesystem, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
}

long new_filesystem(Context& context, const Mount& step) {
  const long filesystem = kernel::fsopen(step.type.at, FSOPEN_CLOEXEC);
  if (filesystem < 0) return filesystem;
  const int fd = static_cast<int>(filesystem);
  long result = configure(context, fd, step);
  if (result >= 0) result = kernel::fsmount(fd, FSMOUNT_CLOEXEC, static_cast<unsigned>(step.set));
  if (result < 0) result = explained(context, fd, result);
  kernel::close(fd);
  return result;
}

long clone_source(Context& context, const Mount& step) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (step.flags & wire::kBindRecursive) flags |= AT_RECURSIVE;
  if (step.flags & wire::kSourceNoFollow) flags |= AT_SYMLINK_NOFOLLOW;
  const long tree = kernel::open_tree(AT_FDCWD, step.source.at, flags);
  return tree < 0 ? context.failed(tree, step.source.at) : tree;
}

// proc and sysfs are where a container's walls are made of: never behind a link or over something else (CVE-2019-19921).
bool needs_real_directory(const Mount& step) { return equal(step.type.at, "proc") || equal(step.type.at, "sysfs"); }

long open_target(Context& context, const Mount& step, bool directory) {
  int flags = directory ? O_DIRECTORY : 0;
  if (needs_real_directory(step) || (step.flags & wire::kTargetNoFollow)) flags |= O_NOFOLLOW;
  return open_or_make(context, step.target.at, flags, directory ? Missing::make_directory : Missing::make_file);
}

// All changes beyond what fsmount took, on a mount that is not attached yet; mount(2) does them after attaching, where
// mount_setattr is missing.
template <class Apply>
long change_all(const Mount& step, Apply&& apply) {
  const bool bind = (step.flags & wire::kBind) != 0;
  long result = 0;
  if (bind && (step.set | step.clear) != 0) result = apply(Change{step.set, step.clear, 0, false});
  if (result >= 0 && (step.recursive_set | step.recursive_clear) != 0)
    result = apply(Change{step.recursive_set, step.recursive_clear, 0, true});
  for_each(step.propagation, [&](uint32_t, uint64_t flags) {
    if (result >= 0) result = apply(Change{0, 0, flags & ~static_cast<uint64_t>(MS_REC), (flags & MS_REC) != 0});
  });
  return result;
}

long attach(int tree, int target) {
  return kernel::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

long attach_changed(Context& context, const Mount& step, int tree, int target) {
  const long changed = change_all(step, [&](const Change& change) { return change_mount(tree, change); });
  if (changed < 0 && changed != -ENOSYS) return context.failed(changed, "its options");
  if (const long result = attach(tree, target); result < 0) return result;
  if (changed != -ENOSYS) return 0;
  const long result = change_all(step, [&](const Change& change) { return change_mount_legacy(tree, change); });
  return result < 0 ? context.failed(result, "its options") : 0;
}

// Whether a detached or attached mount's root is a directory.
long is_directory(int fd, bool& directory) {
  struct stat facts{};
  const long result = kernel::fstat(fd, &facts);
  directory = S_ISDIR(facts.st_mode);
  return result;
}

unsigned long legacy_attributes(uint64_t set) {
  constexpr struct {
    uint64_t attribute;
    unsigned long flag;
  } kPairs[] = {{MOUNT_ATTR_RDONLY, MS_RDONLY},
                {MOUNT_ATTR_NOSUID, MS_NOSUID},
                {MOUNT_ATTR_NODEV, MS_NODEV},
                {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
                {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}};
  unsigned long flags = 0;
  for (const auto& pair : kPairs)
    if (set & pair.attribute) flags |= pair.flag;
  return flags;
}

long remount(Context& context, const Mount& step) {
  const long target = open_inside(context, step.target.at, step.flags & wire::kTargetNoFollow ? O_NOFOLLOW : 0);
  if (target < 0) return target;
  const int fd = static_cast<int>(target);
  long result = 0;
  if ((step.flags & wire::kBind) == 0 && (step.data.size > 0 || step.superblock != 0)) {
    const DescriptorPath path(fd);
    result = kernel::mount(step.source.at, path.text, step.type.at, MS_REMOUNT | step.superblock | legacy_attributes(step.set),
                           step.data.at);
  } else {
    Mount changes = step;
    changes.flags |= wire::kBind;
    result = change_all(changes, [&](const Change& change) {
      const long changed = change_mount(fd, change);
      return changed == -ENOSYS ? change_mount_legacy(fd, change) : changed;
    });
  }
  kernel::close(fd);
  return result;
}

}  // namespace

long perform(Context& context, const Mount& step) {
  if (step.flags & wire::kRemount) return remount(context, step);
  const bool bind = (step.flags & wire::kBind) != 0;
  const long tree = bind ? clone_source(context, step) : new_filesystem(context, step);
  if (tree == -ENOENT && (step.flags & wire::kOptional)) return 0;
  if (tree < 0) return tree;
  bool directory = true;
  long result = is_directory(static_cast<int>(tree), directory);
  const long target = result < 0 ? result : open_target(context, step, directory);
  if (target >= 0) {
    result = attach_changed(context, step, static_cast<int>(tree), static_cast<int>(target));
    kernel::close(static_cast<int>(target));
  }
  kernel::close(static_cast<int>(tree));
  return target < 0 ? target : result;
}

}  // namespace crumb::init
