#include "container/groups.h"

#include <algorithm>
#include <utility>

#include "linux/cgroup.h"
#include "linux/cgroup_tree.h"
#include "linux/resctrl.h"

namespace crumb::container {
namespace {

using plan::CgroupLeaf;

// What crumb sets of a process from outside once its cgroups say which CPUs there are, and how much time for real-time
// processes.
bool sets_what_cgroups_allow(const plan::Host& host) { return !host.affinity.final_.empty() || host.scheduler; }

// The freezer last: it may be frozen.
std::vector<CgroupLeaf> take_those_to_enter(std::vector<CgroupLeaf>& leaves) {
  const auto first = std::stable_partition(leaves.begin(), leaves.end(), [](const CgroupLeaf& leaf) { return leaf.unified; });
  std::vector<CgroupLeaf> entered(std::make_move_iterator(first), std::make_move_iterator(leaves.end()));
  leaves.erase(first, leaves.end());
  std::ranges::stable_partition(entered, [](const CgroupLeaf& leaf) { return !linux::has_freezer(leaf); });
  return entered;
}

}  // namespace

Answer join_groups(const plan::Host& host, int pid) {
  Answer answer;
  std::vector<CgroupLeaf> leaves = plan::joined_cgroups(host);
  if (!sets_what_cgroups_allow(host)) {
    const std::vector<CgroupLeaf> entered = take_those_to_enter(leaves);
    answer.descriptors = linux::cgroup_entrances(entered, pid);
    for (const CgroupLeaf& leaf : entered) answer.text += linux::cgroup_name(leaf) + "\n";
  }
  linux::join_cgroups(leaves, pid, host.cgroup_fallback);
  if (host.rdt) linux::join_rdt(*host.rdt, pid);
  return answer;
}

}  // namespace crumb::container
