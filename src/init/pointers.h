// Lists of the Plan in the form that execve takes.
#pragma once

#include "init/plan.h"

namespace crumb::init {

// argv or envp from a list, with room for `extra` more; nullptr when the kernel has no more memory.
char** pointers(const List<Text>& list, uint32_t extra);

}  // namespace crumb::init
