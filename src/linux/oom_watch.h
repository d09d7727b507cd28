// Notices of the kernel that a container's cgroup ran out of memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::linux {

class OomWatch {
 public:
  // By the eventfd of v1's memory.oom_control, or the changes of v2's memory.events. Throws when the container has no memory
  // controller.
  explicit OomWatch(const std::vector<plan::CgroupLeaf>& leaves);

  // Readable when take() may have something to say.
  int descriptor() const { return notices_.get(); }

  // How often memory has run out since the last call. Never waits.
  std::uint64_t take();

 private:
  void watch_v1();
  void watch_v2();
  std::uint64_t kills() const;  // v2: that the cgroup has counted

  std::string directory_;
  bool v2_ = false;
  Fd notices_, control_;
  std::uint64_t seen_ = 0;
};

}  // namespace crumb::linux
