// Which program crun's arguments mean.
#pragma once

#include <string>

namespace crumb::crun {

// The file: `path` when it has a slash, else one of that name in $PATH, whether it may be executed or not; empty: there is
// none.
std::string find_program(const char* path);

// Whether the program is a module or something else of WebAssembly's: by its first bytes, which the engine judges.
bool is_webassembly(const std::string& path);

}  // namespace crumb::crun
