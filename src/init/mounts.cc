// The Mount step: a mount is made detached, changed, and only then moved onto its target, which is held by a descriptor.
#include <errno.h>

#include "init/attributes.h"
#include "init/context.h"
#include "init/copy_up.h"
#include "init/filesystem.h"
#include "init/labels.h"
#include "init/paths.h"
#include "init/tree.h"
#include "kernel/call.h"
#include "kernel/mount_options.h"

namespace crumb::init {
namespace {

bool is_bind(const Mount& step) { return (step.flags & wire::kBind) != 0; }

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

// copy-symlink: the source itself when it is a link. 1: it is none, bind it. No part of its caller, whose stack would have two
// pages more.
[[gnu::noinline]] long copy_link(Context& context, const Mount& step) {
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
