#include "container/sub_cgroups.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "kernel/call.h"
#include "linux/cgroup_tree.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::container {
namespace {

// Absolute, without doubled slashes; empty for the leaf itself.
std::string path_below(const std::string& written) {
  std::string path;
  for (const std::string_view part : split(written, '/')) {
    if (part == "..") throw fail("exec: option --cgroup: {} must not hold \"..\"", quote(written));
    if (!part.empty() && part != ".") path.append("/").append(part);
  }
  return path;
}

bool has_controller(const plan::CgroupLeaf& leaf, const std::string& controller) {
  return std::ranges::find(leaf.controllers, controller) != leaf.controllers.end();
}

// A leaf that no limit needs may not have been made.
bool is_there(const plan::CgroupLeaf& leaf) {
  struct stat facts{};
  return kernel::fstatat(AT_FDCWD, linux::cgroup_directory(leaf).c_str(), &facts, 0) >= 0;
}

}  // namespace

std::vector<plan::CgroupLeaf> below(std::vector<plan::CgroupLeaf> leaves, const SubCgroups& wanted) {
  const bool version_2 = leaves.size() == 1 && leaves[0].unified;
  if (leaves.empty() && !wanted.empty()) throw Error("exec: option --cgroup: the container has no cgroups");
  for (const auto& [controller, written] : wanted) {
    const std::string path = path_below(written);
    bool found = false;
    for (plan::CgroupLeaf& leaf : leaves) {
      if (!controller.empty() && (version_2 || !has_controller(leaf, controller))) continue;
      found = true;
      leaf.required = leaf.required || is_there(leaf);
      leaf.path += path;
    }
    if (!found) throw fail("exec: option --cgroup: the container has no cgroup of controller {} alone", quote(controller));
  }
  return leaves;
}

}  // namespace crumb::container
