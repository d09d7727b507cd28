// Stopping and going on with all processes of a container: the freezers of v1 (cgroup-v1/freezer-subsystem.rst) and of v2.
#include <algorithm>

#include "linux/cgroup.h"
#include "linux/cgroup_tree.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

constexpr long kMillisecond = 1'000'000;  // ns
constexpr int kRounds = 10'000;           // of a millisecond

// v1's is a controller, every cgroup of v2 has one since Linux 5.2. Null: there is none.
const CgroupLeaf* find_freezer(const std::vector<CgroupLeaf>& leaves) {
  auto leaf = std::ranges::find_if(leaves, has_freezer);
  if (leaf == leaves.end()) leaf = std::ranges::find_if(leaves, &CgroupLeaf::unified);
  return leaf == leaves.end() ? nullptr : &*leaf;
}

const CgroupLeaf& freezer_of(const std::vector<CgroupLeaf>& leaves) {
  const CgroupLeaf* const leaf = find_freezer(leaves);
  if (!leaf) throw Error("the container has no cgroup with a freezer: it cannot be paused or resumed");
  return *leaf;
}

void write_state(const CgroupLeaf& leaf, std::string_view v1, std::string_view v2) {
  const std::string file = leaf.unified ? "/cgroup.freeze" : "/freezer.state";
  write_kernel_file(AT_FDCWD, cgroup_directory(leaf) + file, leaf.unified ? v2 : v1);
}

bool all_stopped(const CgroupLeaf& leaf) {
  if (leaf.unified) return read_file(cgroup_directory(leaf) + "/cgroup.events").find("frozen 1") != std::string::npos;
  return read_file(cgroup_directory(leaf) + "/freezer.state").starts_with("FROZEN");
}

// v1 misses processes that are forked while it freezes, and stays at FREEZING: it is told again, and now and then to begin
// anew.
void encourage(const CgroupLeaf& leaf, int round) {
  constexpr int kAnew = 50;
  if (leaf.unified) return;
  if (round % kAnew == kAnew - 1) write_state(leaf, "THAWED", "0");
  write_state(leaf, "FROZEN", "1");
}

}  // namespace

void freeze_cgroups(const std::vector<CgroupLeaf>& leaves) {
  const CgroupLeaf& leaf = freezer_of(leaves);
  try {
    write_state(leaf, "FROZEN", "1");
    for (int round = 0; !all_stopped(leaf); ++round) {
      if (round == kRounds) throw fail("{}: its processes do not stop", cgroup_name(leaf));
      kernel::nanosleep(kMillisecond);
      encourage(leaf, round);
    }
  } catch (const Error&) {
    try {
      write_state(leaf, "THAWED", "0");
    } catch (const Error&) {
      // What matters is why it could not be frozen.
    }
    throw;
  }
}

std::string freezer_directory(const std::vector<CgroupLeaf>& leaves) {
  const CgroupLeaf* const leaf = find_freezer(leaves);
  if (!leaf) return {};
  const std::string directory = cgroup_directory(*leaf);
  struct stat facts{};
  return kernel::fstatat(AT_FDCWD, directory.c_str(), &facts, 0) < 0 ? std::string() : directory;
}

void thaw_cgroups(const std::vector<CgroupLeaf>& leaves) { write_state(freezer_of(leaves), "THAWED", "0"); }

}  // namespace crumb::linux
