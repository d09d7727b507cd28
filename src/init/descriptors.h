// The descriptors that a program must not find.
#pragma once

#include "init/context.h"

namespace crumb::init {

// Makes all from `first` on close-on-exec.
void close_on_exec_from(const Context& context, unsigned first);

}  // namespace crumb::init
