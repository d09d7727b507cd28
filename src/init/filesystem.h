// Filesystems, as the Mount step describes them: made and reconfigured by fsopen and fsconfig, or what mount(2) is told
// instead.
#pragma once

#include "init/context.h"

namespace crumb::init {

using Mount = wire::Mount<InitForm>;

// What only mount(2) can do: long values, and flags that fsconfig has no word for.
bool needs_old_call(const Mount& step);

// A new one on a detached mount, whose attributes it has already. `covered`: the directory that it is going to cover, whose
// mode a tmpfs takes; may be empty. 0 or -errno, with what the filesystem says of it as the operand; -ENOSYS alone means that
// the kernel, or a filter above crumb, has no fsopen.
long new_filesystem(Context& context, const Mount& step, const Fd& covered, Fd& mount);

// All that new_filesystem tells, as mount(2)'s data; nullptr without memory.
const char* old_data(const Mount& step, const Fd& covered);

// Reconfigures the filesystem that `target` lies on. 0 or -errno likewise.
long remount_filesystem(Context& context, const Mount& step, const Fd& target);

}  // namespace crumb::init
