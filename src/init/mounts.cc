// The Mount step: a mount is made detached, changed, and only then moved onto its target, which is held by a descriptor.
#include <errno.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/copy_up.h"
#include "init/labels.h"
#include "init/paths.h"
#include "init/tree.h"
#include "kernel/call.h"
#include "kernel/mount_options.h"

namespace crumb::init {
namespace {

using Mount = wire::Mount<InitForm>;

constexpr size_t kLongestValue = 255;  // FSCONFIG_SET_STRING refuses more

// Options that every filesystem takes beside its own.
constexpr struct {
  unsigned long flag;
  const char* word;
} kSuperblockWords[] = {
    {MS_RDONLY, "ro"}, {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"}, {MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"}};

bool is_bind(const Mount& step) { return (step.flags & wire::kBind) != 0; }

// Takes one option off comma-separated data; a comma inside a value is written as "\,". False at the end.
bool next_option(const char*& data, char* option) {
  if (*data == 0) return false;
  for (; *data != 0 && *data != ','; ++data) {
    const bool escape = data[0] == '\\' && data[1] != 0;
    if (escape && data[1] != ',') *option++ = *data;
    if (escape) ++data;
    *option++ = *data;
  }
  if (*data == ',') ++data;
  *option = 0;
  return true;
}

// What only mount(2) can do: long values, and flags that fsconfig has no word for.
bool needs_old_call(const Mount& step) {
  uint64_t known = 0;
  for (const auto& word : kSuperblockWords) known |= word.flag;
  if ((step.superblock & ~known) != 0) return true;
  size_t size = 0;
  for (const char* at = step.data.at; *at != 0; ++at) {
    size = *at == ',' ? 0 : size + 1;
    if (size > kLongestValue) return true;
  }
  return step.source.size > kLongestValue;
}

// The option's text is cut at its "=".
long configure_option(int filesystem, char* option) {
  char* value = option;
  while (*value != 0 && *value != '=') ++value;
  if (*value == 0) return kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option, nullptr, 0);
  *value = 0;
  const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, option, value + 1, 0);
  *value = '=';
  return result;
}

long configure_data(Context& context, int filesystem, const Text& data) {
  char* const option = static_cast<char*>(allocate(data.size + 1));
  if (option == nullptr) return -ENOMEM;
  for (const char* at = data.at; next_option(at, option);) {
    if (*option == 0) continue;
    if (const long result = configure_option(filesystem, option); result < 0) return context.failed(result, "option ", option);
  }
  return 0;
}

long configure_superblock(Context& context, int filesystem, uint64_t superblock) {
  for (const auto& option : kSuperblockWords) {
    if ((superblock & option.flag) == 0) continue;
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_FLAG, option.word, nullptr, 0);
    if (result < 0) return context.failed(result, "option ", option.word);
  }
  return 0;
}

// What a new tmpfs is told of the directory that it covers: "mode=1777", which its own options can override.
char* mode_option(const Fd& covered) {
  constexpr unsigned kDigits = 4, kBits = 3;
  struct stat facts{};
  if (!covered || kernel::fstat(covered.get(), &facts) < 0) return nullptr;
  char* const option = concatenate("mode=", "0000");
  if (option == nullptr) return nullptr;
  for (unsigned i = 0; i < kDigits; ++i)
    option[length("mode=") + i] = static_cast<char>('0' + (facts.st_mode >> (kBits * (kDigits - 1 - i)) & 7));
  return option;
}

long configure(Context& context, int filesystem, const Mount& step, unsigned command) {
  if (step.source.size > 0 && command == FSCONFIG_CMD_CREATE) {
    const long result = kernel::fsconfig(filesystem, FSCONFIG_SET_STRING, "source", step.source.at, 0);
    if (result < 0) return context.failed(result, "source ", step.source.at);
  }
  if (const long result = configure_superblock(context, filesystem, step.superblock); result < 0) return result;
  if (const long result = configure_data(context, filesystem, step.data); result < 0) return result;
  return kernel::fsconfig(filesystem, command, nullptr, nullptr, 0);
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

// -ENOSYS alone means that the kernel, or a filter above crumb, has no fsopen.
long new_filesystem(Context& context, const Mount& step, const Fd& covered, Fd& mount) {
  Fd filesystem;
  if (const long result = take(kernel::fsopen(step.type.at, FSOPEN_CLOEXEC), filesystem); result < 0) return result;
  long result = 0;
  if (char* const mode = mode_option(covered); mode != nullptr) result = configure_option(filesystem.get(), mode);
  if (result >= 0) result = configure_label(filesystem.get(), step.label);
  if (result >= 0) result = configure(context, filesystem.get(), step, FSCONFIG_CMD_CREATE);
  if (result >= 0)
    result =
        take(kernel::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(step.set | step.recursive_set)), mount);
  if (result < 0) return explained(context, filesystem.get(), result);
  label_root(mount, step.label);
  return 0;
}

long take_source(Context& context, const Mount& step, Fd& mount) {
  if (step.opened == 0) {
    const long result = clone_tree(step.source.at, step.flags, mount);
    return result < 0 ? context.failed(result, step.source.at) : 0;
  }
  if (step.opened > context.source_count) return -EBADMSG;
  int& source = context.sources[step.opened - 1];
  if (source < 0) return -ENOENT;
  mount.reset(source);
  source = -1;
  return 0;
}

int target_flags(const Mount& step) { return step.flags & wire::kTargetNoFollow ? O_NOFOLLOW : 0; }

// proc and sysfs are what a container's walls are made of: never behind a link (CVE-2019-19921).
Links target_links(const Mount& step) {
  return equal(step.type.at, "proc") || equal(step.type.at, "sysfs") ? Links::none : Links::inside;
}

long open_target(Context& context, const Mount& step, bool directory, Fd& target) {
  const int flags = target_flags(step) | (directory ? O_DIRECTORY : 0);
  const Missing missing = directory ? Missing::make_directory : Missing::make_file;
  Place place;
  long result = open_or_make(context, step.target.at, flags, target_links(step), missing, target);
  if (result >= 0) result = look_at(target.get(), place);
  return result < 0 ? result : refuse_root(context, place);
}

// The directory that a new tmpfs is going to cover; none when there is none yet.
long open_covered(Context& context, const Mount& step, Fd& covered) {
  if (is_bind(step) || !equal(step.type.at, "tmpfs")) return 0;
  Place place;
  long result = open_inside(context, step.target.at, O_DIRECTORY | target_flags(step), Links::inside, covered);
  if (result == -ENOENT) return 0;
  if (result >= 0) result = look_at(covered.get(), place);
  return result < 0 ? result : refuse_root(context, place);
}

long fill(Context& context, const Mount& step, const Fd& covered, const Fd& mount) {
  return covered && (step.flags & wire::kCopyUp) ? copy_up(context, covered, mount) : 0;
}

// copy-symlink: the source itself when it is a link. 1: it is none, bind it.
long copy_link(Context& context, const Mount& step) {
  Fd source, parent;
  const char* name = nullptr;
  char target[kLongestPath], present[kLongestPath];
  if (const long result = take(kernel::openat(AT_FDCWD, step.source.at, O_PATH | O_NOFOLLOW | O_CLOEXEC), source); result < 0)
    return context.failed(result, step.source.at);
  const long size = kernel::readlinkat(source.get(), "", target, sizeof target - 1);
  if (size < 0) return 1;
  target[size] = 0;
  if (const long result = open_parent(context, step.target.at, parent, name); result < 0) return result;
  const long result = kernel::symlinkat(target, parent.get(), name);
  if (result != -EEXIST) return result;
  const long other = kernel::readlinkat(parent.get(), name, present, sizeof present - 1);
  if (other != size) return -EEXIST;
  present[other] = 0;
  return equal(target, present) ? 0 : -EEXIST;
}

// All changes beyond what fsmount took. mount_setattr does them before the mount is attached, mount(2) afterwards.
template <class Apply>
long change_all(const Mount& step, Apply apply) {
  long result = 0;
  if (is_bind(step) && (step.set | step.clear) != 0) result = apply(Change{step.set, step.clear, 0, false});
  if (result >= 0 && is_bind(step) && (step.recursive_set | step.recursive_clear) != 0)
    result = apply(Change{step.recursive_set, step.recursive_clear, 0, true});
  for_each(step.propagation, [&](uint32_t, uint64_t flags) {
    constexpr uint64_t kRecursive = MS_REC;
    if (result >= 0) result = apply(Change{0, 0, flags & ~kRecursive, (flags & kRecursive) != 0});
  });
  return result;
}

long attach_changed(Context& context, const Mount& step, const Fd& mount, const Place& place, const Fd& target) {
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  constexpr char kOptions[] = "its options";
  const long changed = change_all(step, [&](const Change& change) { return change_mount(mount.get(), change); });
  if (changed < 0 && changed != -ENOSYS) return context.failed(changed, kOptions);
  if (const long result = kernel::move_mount(mount.get(), "", target.get(), "", kByDescriptors); result < 0) return result;
  if (const long result = check_mounted(context, step.target.at, target_flags(step), place); result < 0) return result;
  if (step.opened != 0 && context.unsettled_sources)
    if (const long result = change_mount_legacy(mount.get(), {0, 0, MS_SLAVE, true}); result < 0) return result;
  if (changed != -ENOSYS) return 0;
  const long result = change_all(step, [&](const Change& change) { return change_mount_legacy(mount.get(), change); });
  return result < 0 ? context.failed(result, kOptions) : 0;
}

// What was resolved to look at what lies there is what is mounted upon, too.
long attach(Context& context, const Mount& step, const Fd& mount, Fd& covered) {
  Fd target;
  Place place;
  long result = fill(context, step, covered, mount);
  if (result >= 0) result = look_at(mount.get(), place);
  if (result >= 0 && covered) target = static_cast<Fd&&>(covered);
  if (result >= 0 && !target) result = open_target(context, step, S_ISDIR(place.mode), target);
  return result < 0 ? result : attach_changed(context, step, mount, place, target);
}

// All that fsconfig would be told, in one text; nullptr without memory.
const char* old_data(const Mount& step, const Fd& covered) {
  const char* const data = data_with_label(step.data.at, step.label);
  const char* const mode = mode_option(covered);
  if (data == nullptr || mode == nullptr) return data;
  const char* const begin = concatenate(mode, *data == 0 ? "" : ",");
  return begin == nullptr ? nullptr : concatenate(begin, data);
}

// By mount(2). The target is a descriptor's path here too; what then lies there must be another mount than before.
long mount_by_old_call(Context& context, const Mount& step, const Fd& covered) {
  Fd target, mount;
  if (const long result = open_target(context, step, true, target); result < 0) return result;
  const unsigned long flags = step.superblock | legacy_flags(step.set | step.recursive_set);
  const char* const data = old_data(step, covered);
  if (data == nullptr) return -ENOMEM;
  if (const long result = kernel::mount(step.source.at, DescriptorPath(target.get()).text, step.type.at, flags, data);
      result < 0)
    return result;
  const long result = open_inside(context, step.target.at, target_flags(step), Links::inside, mount);
  if (result < 0) return result;
  if (check_mounted(context, step.target.at, target_flags(step), target.get()) == 0)
    return context.failed(-ESTALE, "the place was moved while it was mounted upon");
  context.operand[0] = 0;
  label_root(mount, step.label);
  if (const long filled = fill(context, step, covered, mount); filled < 0) return filled;
  return change_all(step, [&](const Change& change) { return change_attached_mount(mount.get(), change); });
}

// Reconfigures the filesystem below a mount.
long remount_filesystem(Context& context, const Mount& step, const Fd& target) {
  Fd filesystem;
  long result = take(kernel::fspick(target.get(), "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), filesystem);
  if (result < 0) return result;
  result = configure(context, filesystem.get(), step, FSCONFIG_CMD_RECONFIGURE);
  return result < 0 ? explained(context, filesystem.get(), result) : 0;
}

long remount(Context& context, const Mount& step) {
  Fd target;
  long result = open_inside(context, step.target.at, target_flags(step), Links::inside, target);
  if (result >= 0 && !is_bind(step) && (step.data.size > 0 || step.superblock != 0))
    result = remount_filesystem(context, step, target);
  Mount changes = step;
  changes.flags |= wire::kBind;  // the mount's own attributes, too
  if (result < 0) return result;
  return change_all(changes, [&](const Change& change) { return change_attached_mount(target.get(), change); });
}

}  // namespace

long perform(Context& context, const Mount& step) {
  if (step.flags & wire::kRemount) return remount(context, step);
  Fd mount, covered;
  long result = open_covered(context, step, covered);
  if (result < 0) return result;
  if (!is_bind(step) && needs_old_call(step)) return mount_by_old_call(context, step, covered);
  if (step.flags & wire::kCopyLink)
    if (result = copy_link(context, step); result <= 0) return result;
  result = is_bind(step) ? take_source(context, step, mount) : new_filesystem(context, step, covered, mount);
  if (result == -ENOSYS && !is_bind(step)) return mount_by_old_call(context, step, covered);
  if (result == -ENOENT && (step.flags & wire::kOptional)) return 0;
  return result < 0 ? result : attach(context, step, mount, covered);
}

}  // namespace crumb::init
