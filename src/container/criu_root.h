// The root filesystem as criu wants to be given it: a mount of its own, in the container's state directory. Gone with this
// object; where crumb is killed, Entry::remove() takes it away.
#pragma once

#include <string>
#include <vector>

#include "container/store.h"
#include "plan/plan.h"

namespace crumb::container {

class CriuRoot {
 public:
  // Binds the root filesystem, after it has got every mount point that the container's mounts need.
  CriuRoot(const Entry& entry, const std::string& rootfs, const std::vector<plan::Step>& steps);
  ~CriuRoot();
  CriuRoot(const CriuRoot&) = delete;
  CriuRoot& operator=(const CriuRoot&) = delete;

  const std::string& path() const { return path_; }

 private:
  const Entry& entry_;
  std::string path_;
};

}  // namespace crumb::container
