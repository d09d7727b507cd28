#include "plan/plan.h"

namespace crumb::plan {

std::vector<CgroupLeaf> joined_cgroups(const Host& host) {
  std::vector<CgroupLeaf> leaves = host.cgroup_leaves;
  for (CgroupLeaf& leaf : leaves) leaf.path += host.delegated_cgroup;
  return leaves;
}

const Source* source_of(const std::vector<Step>& steps, std::size_t number) {
  for (const Step& step : steps)
    if (const auto* source = std::get_if<Source>(&step); source && --number == 0) return source;
  return nullptr;
}

Source* source_of(std::vector<Step>& steps, std::size_t number) {
  return const_cast<Source*>(source_of(const_cast<const std::vector<Step>&>(steps), number));
}

}  // namespace crumb::plan
