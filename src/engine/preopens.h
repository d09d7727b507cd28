// The directories that a guest is given. WASI preview 1 knows no working directory: wasi-libc strips "/" and "./" from paths
// and preopen names alike and takes the last preopen that is a prefix. Hence, in this order: "/", each directory directly below
// it, and
// "." for the working directory; then absolute and relative paths both come out right, but for files directly in "/".
#pragma once

#include <string>
#include <vector>

#include "engine/failure.h"

namespace crumb::engine {

inline constexpr int kFirstPreopen = 3;  // the guest's descriptor number of "/"

struct Preopens {
  std::vector<std::string> names;  // each is also the directory's path
  std::string directory;           // the working directory, absolute; empty when nothing is preopened
};

// Fails when the working directory is unknown, lies outside the root or on a filesystem that is forbidden (guard.h).
Failure choose_preopens(Preopens& preopens);

}  // namespace crumb::engine
