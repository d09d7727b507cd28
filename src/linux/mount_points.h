// Places for mounts in a tree that somebody else may have filled: made on descriptors, never outside it (docs/security.md).
#pragma once

#include <string>

#include "support/fd.h"

namespace crumb::linux {

// Opens `path` (O_PATH) inside `root`, links followed as a process would whose root that is. What is missing is made:
// directories with 0755, at the end a directory or an empty file with 0644.
Fd open_mount_point(int root, const std::string& path, bool directory);

}  // namespace crumb::linux
