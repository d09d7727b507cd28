// Who is in a container's leaves, and their end.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/cgroup_tree.h"
#include "support/error.h"
#include "support/fd.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

// Waits in growing steps, 10 s in all: for processes that are dying, and for the moment in which a dead one leaves its cgroup.
class Patience {
 public:
  // False when it is used up.
  bool wait() {
    if (spent_ >= kAll) return false;
    kernel::nanosleep(pause_);
    spent_ += pause_;
    pause_ = std::min(pause_ * 2, kLongest);
    return true;
  }

 private:
  static constexpr long kAll = 10'000'000'000, kShortest = 200'000, kLongest = 50'000'000;  // ns
  long spent_ = 0, pause_ = kShortest;
};

bool write_control(int directory, const char* name, std::string_view word) {
  const Fd file(kernel::openat(directory, name, O_WRONLY | O_CLOEXEC));
  return file && kernel::write(file.get(), word.data(), word.size()) == static_cast<long>(word.size());
}

// Signals `pids`, which were in the cgroup a moment ago. What is still in it after its pidfd was opened is what the pidfd
// holds: a number that was given to a process elsewhere meanwhile is never hit.
void signal_some(int directory, std::span<const int> pids, int signal) {
  std::vector<std::pair<int, Fd>> held;
  for (const int pid : pids)
    if (Fd pidfd(kernel::pidfd_open(pid, 0)); pidfd) held.emplace_back(pid, std::move(pidfd));
  const std::vector<int> now = processes_in(directory);
  const std::set<int> members(now.begin(), now.end());
  for (const auto& [pid, pidfd] : held)
    if (members.contains(pid)) kernel::pidfd_send_signal(pidfd.get(), signal);
}

// A round over all leaves. v1 shows a process once in each hierarchy: `done` keeps it from being signalled twice.
class Round {
 public:
  explicit Round(int signal) : signal_(signal) {}

  void operator()(const CgroupLeaf& leaf) {
    bool whole = signal_ == SIGKILL && leaf.unified;
    for_each_cgroup(leaf, [&](int directory) {
      // Linux 5.14: everything below at once, forks that are under way included. Only the leaf itself needs it, but children
      // come first here, and to them it does no harm.
      if (whole && write_control(directory, "cgroup.kill", "1")) {
        anybody_ = anybody_ || !processes_in(directory).empty();
        return;
      }
      whole = false;
      one(directory);
    });
  }

  bool anybody() const { return anybody_; }

 private:
  void one(int directory) {
    constexpr std::size_t kAtOnce = 64;  // descriptors
    std::vector<int> pids = processes_in(directory);
    anybody_ = anybody_ || !pids.empty();
    const bool any = !pids.empty();
    std::erase_if(pids, [&](int pid) { return !done_.insert(pid).second; });
    for (std::span<const int> rest = pids; !rest.empty();) {
      const std::size_t count = std::min(rest.size(), kAtOnce);
      signal_some(directory, rest.first(count), signal_);
      rest = rest.subspan(count);
    }
    // A process that v1 has frozen does not die before it thaws; after the signal, so that it does not run again.
    if (any && signal_ == SIGKILL) write_control(directory, "freezer.state", "THAWED");
  }

  int signal_;
  std::set<int> done_;
  bool anybody_ = false;
};

bool signal_everybody(const std::vector<CgroupLeaf>& leaves, int signal) {
  Round round(signal);
  for (const CgroupLeaf& leaf : leaves) round(leaf);
  return round.anybody();
}

// Nothing when it is gone, else why it is not.
std::optional<Error> remove_leaf(const CgroupLeaf& leaf) {
  long result = 0;
  Patience patience;
  do {
    result = remove_cgroup_tree(leaf);
    if (result == -EBUSY) signal_everybody({leaf}, SIGKILL);  // a process was moved in since
  } while ((result == -EBUSY || result == -ENOTEMPTY) && patience.wait());
  if (result == 0) return std::nullopt;
  return fail("{}: cannot be removed: {}", cgroup_name(leaf), errno_text(static_cast<int>(-result)));
}

// False for a cgroup that is not there, and for one that is removed meanwhile, as by systemd: -ENODEV.
bool starts_with(const std::string& path, std::string_view word) {
  const Fd file(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  char text[16];
  const long size = kernel::read(file.get(), text, sizeof text);
  if (size == -ENODEV) return false;
  return std::string_view(text, static_cast<std::size_t>(check(size, "{}", path))).starts_with(word);
}

}  // namespace

std::vector<int> cgroup_processes(const std::vector<CgroupLeaf>& leaves) {
  std::set<int> pids;
  for (const CgroupLeaf& leaf : leaves)
    for_each_cgroup(leaf, [&](int directory) {
      for (const int pid : processes_in(directory)) pids.insert(pid);
    });
  return {pids.begin(), pids.end()};
}

bool cgroups_frozen(const std::vector<CgroupLeaf>& leaves) {
  return std::ranges::any_of(leaves, [](const CgroupLeaf& leaf) {
    if (leaf.unified) return starts_with(cgroup_directory(leaf) + "/cgroup.freeze", "1");
    // FROZEN, or FREEZING while not all have stopped yet.
    return has_freezer(leaf) && starts_with(cgroup_directory(leaf) + "/freezer.state", "FR");
  });
}

void kill_cgroups(const std::vector<CgroupLeaf>& leaves, int signal) {
  Patience patience;
  // SIGKILL again and again: a process can fork between our look and our signal.
  while (signal_everybody(leaves, signal) && signal == SIGKILL && patience.wait()) continue;
}

void remove_cgroups(const std::vector<CgroupLeaf>& leaves) {
  std::vector<CgroupLeaf> left;
  std::ranges::remove_copy_if(leaves, std::back_inserter(left), remove_empty_cgroup);
  kill_cgroups(left, SIGKILL);
  std::optional<Error> first;
  for (const CgroupLeaf& leaf : left)
    if (std::optional<Error> error = remove_leaf(leaf); error && !first) first = std::move(error);
  if (first) throw Error(*first);
}

}  // namespace crumb::linux
