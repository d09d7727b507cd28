// The directories that a guest is given. WASI preview 1 knows no working directory: wasi-libc strips "/" and "./" from paths
// and preopen names alike and takes the last of the longest preopens that are a prefix. Hence, in this order: what the policy
// grants, "/" first; with "/" and another working directory each directory directly below "/"; and "." for the working
// directory, when it lies in what is granted. Then absolute and relative paths both come out right, but for files directly in
// "/". Directories that the policy gives under other names than their paths are all there is: no working directory, no "/".
#pragma once

#include <string>
#include <vector>

#include "engine/failure.h"
#include "engine/options.h"

namespace crumb::engine {

inline constexpr int kFirstPreopen = 3;  // the guest's descriptor number of the first one

struct Preopen {
  std::string name;  // also the directory's path, unless that is given
  bool writable = true;
  std::string path = {};
};

struct Preopens {
  std::vector<Preopen> list;
  std::string directory;  // the working directory, absolute; empty when nothing is preopened
  bool root = false;      // "/" is there, as the first one
};

// Fails when one that is granted cannot be given: it is missing, may not be opened, or lies on a filesystem that is forbidden
// (guard.h); and when the working directory is unknown or lies outside the root.
Failure choose_preopens(const std::vector<Grant>& grants, Preopens& preopens);

}  // namespace crumb::engine
