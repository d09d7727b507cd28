// /proc/self/mountinfo (proc(5)) as crumb needs it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace crumb::linux {

struct MountLine {
  std::string mountpoint;
  std::string_view type, options;  // options: the filesystem's, comma-separated
};

// Calls `visit` for each line of a mountinfo text; lines of another form are left out.
void for_each_mount(std::string_view mountinfo, const std::function<void(const MountLine&)>& visit);

}  // namespace crumb::linux
