// Detached copies of mounted trees: what binds are made of.
#pragma once

#include "init/context.h"

namespace crumb::init {

// Of what lies at a path of the mount namespace that the process is in. flags: wire::kBindRecursive, kSourceNoFollow. 0 or
// -errno.
long clone_tree(const char* path, uint64_t flags, Fd& mount);

}  // namespace crumb::init
