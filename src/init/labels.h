// SELinux labels of filesystems that init makes (wire/steps.h, Mount::label). An empty label changes nothing.
#pragma once

#include "init/plan.h"
#include "kernel/fd.h"

namespace crumb::init {

// "context=LABEL" for a filesystem that is being configured. Not through the comma-separated data: labels hold commas. 0 or
// -errno.
long configure_label(int filesystem, const Text& label);

// The same as part of mount(2)'s data; nullptr without memory.
const char* data_with_label(const char* data, const Text& label);

// A label without "=" goes to the root of the mount. What cannot be labelled stays as it is.
void label_root(const Fd& mount, const Text& label);

}  // namespace crumb::init
