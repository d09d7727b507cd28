// Paths that leave their preopen: `..` out of the working directory and links to absolute paths are ordinary inside a
// container, but WASI refuses both. Where "/" is preopened they are harmless, so the path functions of WAMR's WASI (--wrap) try
// a refused path once more from "/", and absolute links are read as relative ones. What leads out of "/" stays refused.
#pragma once

#include <string>

namespace crumb::engine {

// Turns this on. directory: the working directory, what the preopen "." stands for.
void resolve_paths_from_root(std::string directory);

}  // namespace crumb::engine
