// Whom the cache believes: what it holds is executed, so it must be this user's own and nobody else may be able to write it.
#pragma once

#include <sys/stat.h>

namespace crumb::wasm {

// Throws Error with the reason.
void require_own_directory(const struct stat& facts);
void require_own_file(const struct stat& facts);

}  // namespace crumb::wasm
