#include "linux/background.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/call.h"
#include "kernel/seam.h"
#include "linux/cgroup.h"
#include "linux/cgroup_limits.h"
#include "linux/cgroup_tree.h"
#include "linux/directory.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/log.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

// 0 in the child, -errno. By the libc, which a program that goes on needs.
long fork_process() {
#ifdef CRUMB_SEAM
  if (const long result = kernel::seam_check(SYS_clone); result < 0) return result;
#endif
  const int child = ::fork();
  return child < 0 ? -errno : child;
}

// A tenth of what others get when there is not enough for all: it shall end some day on a busy machine, too.
void claim_little() {
  constexpr int kNice = 10, kFirstToGo = 1000;
  ::setpriority(PRIO_PROCESS, 0, kNice);
  try {
    set_oom_score_adj(static_cast<int>(kernel::getpid()), kFirstToGo);
  } catch (const Error& error) {
    log::debug(error.what());
  }
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Where crumb may make such a cgroup in this hierarchy: "" for the root.
std::optional<std::string> base_in(const plan::CgroupHierarchy& hierarchy, const std::vector<CgroupLeaf>& own,
                                   CgroupLeaf leaf) {
  const auto mine = std::ranges::find(own, hierarchy.mountpoint, &CgroupLeaf::mountpoint);
  std::vector<std::string> bases{""};
  if (mine != own.end() && parent_of(mine->path) != "") bases.push_back(parent_of(mine->path));
  for (std::string& base : bases) {
    leaf.path = base + "/" + leaf.path;
    if (may_use_cgroup(leaf)) return std::move(base);
    leaf.path.erase(0, base.size() + 1);
  }
  return std::nullopt;
}

// The controllers of version 2 that the limits need.
std::vector<std::string> needed(std::vector<std::string> controllers, bool unified) {
  if (unified) std::erase_if(controllers, [](const std::string& name) { return name != "cpu" && name != "memory"; });
  return controllers;
}

class OwnCgroups {
 public:
  OwnCgroups(const std::string& name, std::uint64_t memory) : name_(name), own_(own_cgroups()) {
    for (const plan::CgroupHierarchy& hierarchy : find_cgroups().hierarchies) {
      CgroupLeaf leaf{.mountpoint = hierarchy.mountpoint,
                      .path = fmt::format("{}-{}", name, kernel::getpid()),
                      .controllers = needed(hierarchy.controllers, hierarchy.unified),
                      .unified = hierarchy.unified,
                      .required = false};
      const std::optional<std::string> base = base_in(hierarchy, own_, leaf);
      if (!base) continue;
      leaf.path = *base + "/" + leaf.path;
      bases_.push_back(hierarchy.mountpoint + *base);
      add_limits(leaf, memory);
      host_.cgroup_leaves.push_back(std::move(leaf));
    }
  }

  // False when there is none.
  bool make() {
    if (bases_.empty()) return false;
    if (try_to_make()) return true;
    host_.cgroup_writes.clear();
    return try_to_make();
  }

  void enter() const { join_cgroups(host_.cgroup_leaves, static_cast<int>(kernel::getpid())); }

  // Out of them: to where they lie, or back where a cgroup of version 2 gives controllers to its children there.
  void leave() const {
    for (std::size_t i = 0; i < bases_.size(); ++i) {
      if (move_to(bases_[i]) >= 0) continue;
      const auto mine = std::ranges::find(own_, host_.cgroup_leaves[i].mountpoint, &CgroupLeaf::mountpoint);
      if (mine != own_.end()) move_to(mine->mountpoint + mine->path);
    }
  }

  void remove() const {
    try {
      remove_cgroups(host_.cgroup_leaves);
    } catch (const Error& error) {
      log::debug(error.what());
    }
  }

  // In each hierarchy those of this name whose process has ended.
  void remove_abandoned() const {
    for (const std::string& base : bases_) {
      const Fd directory(kernel::openat(AT_FDCWD, base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directory) continue;
      for (const Entry& entry : entries(directory.get(), base))
        if (is_abandoned(entry.name)) kernel::unlinkat(directory.get(), entry.name.c_str(), AT_REMOVEDIR);
    }
  }

 private:
  bool is_abandoned(std::string_view entry) const {
    if (!entry.starts_with(name_ + "-")) return false;
    entry.remove_prefix(name_.size() + 1);
    int pid = 0;
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), pid);
    return error == std::errc{} && end == entry.data() + entry.size() && pid > 1 && kernel::kill(pid, 0) == -ESRCH;
  }

  void add_limits(const CgroupLeaf& leaf, std::uint64_t memory) {
    const auto has = [&](const char* controller) {
      return std::ranges::find(leaf.controllers, controller) != leaf.controllers.end();
    };
    const auto write = [&](const char* file, std::string value) {
      host_.cgroup_writes.push_back(
          {.leaf = host_.cgroup_leaves.size(), .file = file, .value = std::move(value), .optional = true});
    };
    // A tenth of the default weight.
    if (has("cpu")) leaf.unified ? write("cpu.weight", "10") : write("cpu.shares", "102");
    if (has("memory")) write(leaf.unified ? "memory.max" : "memory.limit_in_bytes", std::to_string(memory));
  }

  bool try_to_make() const {
    try {
      create_cgroups(host_);
      return true;
    } catch (const Error& error) {
      log::debug(error.what());
      return false;
    }
  }

  static long move_to(const std::string& directory) {
    const long result = kernel::openat(AT_FDCWD, (directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    const Fd file(result);
    return file ? write_cgroup_word(file.get(), "0") : result;
  }

  std::string name_;
  std::vector<CgroupLeaf> own_;     // that crumb is in
  std::vector<std::string> bases_;  // directories, one for each leaf
  plan::Host host_;
};

int exit_code_of(const std::function<int()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    log::debug(error.what());
    return 1;
  }
}

// In the child. Where its parent was killed it clears away itself.
[[noreturn]] void work_below(int parent, const OwnCgroups& cgroups, const std::function<int()>& work) {
  kernel::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int code = ::getppid() == parent ? exit_code_of(work) : 1;
  if (::getppid() != parent) cgroups.leave(), cgroups.remove();
  ::_exit(code);
}

}  // namespace

bool go_to_background() {
  if (check(fork_process(), "process in the background") != 0) return false;
  check(kernel::setsid(), "session in the background");
  claim_little();
  return true;
}

bool is_asked_to_end() {
  constexpr unsigned long kAsking =
      (1UL << (SIGTERM - 1)) | (1UL << (SIGINT - 1)) | (1UL << (SIGHUP - 1)) | (1UL << (SIGQUIT - 1));
  unsigned long pending = 0;
  return kernel::syscall(SYS_rt_sigpending, &pending, sizeof pending) >= 0 && (pending & kAsking) != 0;
}

int work_in_own_cgroups(const std::string& name, std::uint64_t memory, const std::function<int()>& work) {
  OwnCgroups cgroups(name, memory);
  cgroups.remove_abandoned();
  if (!cgroups.make()) return exit_code_of(work);
  const auto own = static_cast<int>(kernel::getpid());
  cgroups.enter();
  const long child = fork_process();
  if (child == 0) work_below(own, cgroups, work);
  cgroups.leave();
  const int code = child < 0 ? exit_code_of(work) : reap_forwarding_signals(static_cast<int>(child));
  cgroups.remove();
  return code;
}

void remove_abandoned_cgroups(const std::string& name) {
  try {
    OwnCgroups(name, 0).remove_abandoned();
  } catch (const Error& error) {
    log::debug(error.what());
  }
}

}  // namespace crumb::linux
