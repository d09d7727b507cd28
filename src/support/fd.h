// A file descriptor that closes itself: crumb::Fd. It lives in kernel/, where crumb-init can see it too.
#pragma once

#include <utility>
#include <vector>

#include "kernel/fd.h"

namespace crumb {

// They stay the descriptors' own.
inline std::vector<int> numbers_of(const std::vector<Fd>& descriptors) {
  std::vector<int> numbers;
  for (const Fd& fd : descriptors) numbers.push_back(fd.get());
  return numbers;
}

}  // namespace crumb
