#include "linux/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include "linux/directory.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

constexpr int kPatience = 2000;              // tries
constexpr long kPauseNanoseconds = 5000000;  // between them: 10 s in all

std::string directory_of(const CgroupLeaf& leaf) { return leaf.mountpoint + leaf.path; }

// The leaf's parent and itself, from the hierarchy's root down: "/sys/fs/cgroup/cpu/a", "/sys/fs/cgroup/cpu/a/b".
std::vector<std::string> levels(const CgroupLeaf& leaf) {
  std::vector<std::string> all;
  std::string at = leaf.mountpoint;
  for (const std::string_view part : split(leaf.path, '/')) {
    if (part.empty()) continue;
    at += fmt::format("/{}", part);
    all.push_back(at);
  }
  if (all.empty()) throw fail("cgroup {}: a container cannot use the root of the hierarchy", leaf.mountpoint);
  return all;
}

std::vector<int> processes_of(const std::string& directory) {
  std::string text;
  try {
    text = read_file(directory + "/cgroup.procs");
  } catch (const Error&) {
    return {};  // gone, or a threaded v2 cgroup
  }
  std::vector<int> pids;
  for (const std::string_view line : split(text, '\n')) {
    int pid = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc{} && pid > 0) pids.push_back(pid);
  }
  return pids;
}

// A directory and all below it, children before parents. Nothing for one that is not there.
void collect(const std::string& directory, std::vector<std::string>& found) {
  const Fd opened(kernel::openat(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened) return;
  for (const Entry& entry : entries(opened.get(), directory))
    if (entry.type == DT_DIR) collect(directory + "/" + entry.name, found);
  found.push_back(directory);
}

std::vector<std::string> tree_of(const CgroupLeaf& leaf) {
  std::vector<std::string> found;
  collect(directory_of(leaf), found);
  return found;
}

// v1: a new cpuset holds nothing, and a process cannot join it: take what the parent has (cgroup.clone_children is seldom set).
void inherit_cpuset(const std::string& directory) {
  const std::string parent = directory.substr(0, directory.rfind('/'));
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (read_file(directory + file).find_first_not_of(" \n") != std::string::npos) continue;
    const std::string value = read_file(parent + file);
    write_kernel_file(AT_FDCWD, directory + file, value.substr(0, value.find('\n')));
  }
}

// v2: a cgroup has the controllers that its parent lists in cgroup.subtree_control.
void enable_controllers(const std::string& parent, const std::vector<std::string>& controllers) {
  const std::string enabled = read_file(parent + "/cgroup.subtree_control");
  const std::vector<std::string_view> have = split(std::string_view(enabled).substr(0, enabled.find('\n')), ' ');
  for (const std::string& name : controllers) {
    if (std::ranges::find(have, name) != have.end()) continue;
    const std::string file = parent + "/cgroup.subtree_control";
    const Fd control(check(kernel::openat(AT_FDCWD, file.c_str(), O_WRONLY | O_CLOEXEC), "cgroup {}", file));
    const std::string word = "+" + name;
    const long result = kernel::write(control.get(), word.data(), word.size());
    // A cgroup that holds processes cannot give controllers to children; a limit that needs one fails with its own message.
    if (result < 0) log::debug(fmt::format("cgroup {}: controller {}: {}", file, name, errno_text(static_cast<int>(-result))));
  }
}

// `made` takes each new directory, so that a failure can undo it.
void make_leaf(const CgroupLeaf& leaf, std::vector<std::string>& made) {
  for (const std::string& directory : levels(leaf)) {
    if (leaf.unified) enable_controllers(directory.substr(0, directory.rfind('/')), leaf.controllers);
    const long result = kernel::mkdirat(AT_FDCWD, directory.c_str(), 0755);
    if (result != -EEXIST) {
      check(result, "cgroup {}", directory);
      made.push_back(directory);
    }
    if (std::ranges::find(leaf.controllers, "cpuset") != leaf.controllers.end() && !leaf.unified) inherit_cpuset(directory);
  }
  if (!processes_of(directory_of(leaf)).empty()) throw fail("cgroup {}: already holds processes", directory_of(leaf));
}

void write_limit(const CgroupLeaf& leaf, const plan::CgroupWrite& write) {
  const std::string file = directory_of(leaf) + "/" + write.file;
  const long opened = kernel::openat(AT_FDCWD, file.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened == -ENOENT)
    throw fail("config.json: {}: this machine's cgroups have no {} (in {})", write.place, write.file, directory_of(leaf));
  const Fd opened_file(check(opened, "config.json: {}: {}", write.place, file));
  check(kernel::write(opened_file.get(), write.value.data(), write.value.size()), "config.json: {}: write \"{}\" to {}",
        write.place, write.value, write.file);
}

void thaw(const std::string& directory) {
  for (const auto& [file, word] : {std::pair{"/freezer.state", "THAWED"}, std::pair{"/cgroup.freeze", "0"}}) {
    const Fd control(kernel::openat(AT_FDCWD, (directory + file).c_str(), O_WRONLY | O_CLOEXEC));
    if (control) kernel::write(control.get(), word, std::string_view(word).size());
  }
}

// One round: true when a process was there.
bool signal_round(const std::vector<CgroupLeaf>& leaves, int signal) {
  bool anybody = false;
  for (const CgroupLeaf& leaf : leaves) {
    for (const std::string& directory : tree_of(leaf)) {
      const std::vector<int> pids = processes_of(directory);
      anybody = anybody || !pids.empty();
      if (signal == SIGKILL && leaf.unified && !pids.empty()) {
        const Fd control(kernel::openat(AT_FDCWD, (directory + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));  // Linux 5.14
        if (control && kernel::write(control.get(), "1", 1) == 1) continue;
      }
      for (const int pid : pids) kernel::kill(pid, signal);
      if (signal == SIGKILL) thaw(directory);  // a frozen process of v1 does not die
    }
  }
  return anybody;
}

void remove_leaf(const CgroupLeaf& leaf) {
  long result = 0;
  for (int attempt = 0; attempt < kPatience; ++attempt) {
    result = 0;
    for (const std::string& directory : tree_of(leaf)) {
      result = kernel::unlinkat(AT_FDCWD, directory.c_str(), AT_REMOVEDIR);
      if (result == -ENOENT) result = 0;
      if (result < 0) break;
    }
    if (result != -EBUSY && result != -ENOTEMPTY) break;
    kernel::nanosleep(kPauseNanoseconds);  // a killed process leaves its cgroup a moment after its parent has seen it die
  }
  check(result, "cgroup {}: remove", directory_of(leaf));
}

}  // namespace

void create_cgroups(const plan::Host& host) {
  std::vector<std::string> made;
  try {
    for (const CgroupLeaf& leaf : host.cgroup_leaves) {
      try {
        make_leaf(leaf, made);
      } catch (const Error& error) {
        if (leaf.required) throw;
        log::debug(error.what());
      }
    }
    for (const plan::CgroupWrite& write : host.cgroup_writes) write_limit(host.cgroup_leaves.at(write.leaf), write);
  } catch (const Error&) {
    for (auto directory = made.rbegin(); directory != made.rend(); ++directory)
      kernel::unlinkat(AT_FDCWD, directory->c_str(), AT_REMOVEDIR);
    throw;
  }
}

void join_cgroups(const std::vector<CgroupLeaf>& leaves, int pid) {
  for (const CgroupLeaf& leaf : leaves) {
    try {
      write_kernel_file(AT_FDCWD, directory_of(leaf) + "/cgroup.procs", std::to_string(pid));
    } catch (const Error& error) {
      if (leaf.required) throw;
      log::debug(error.what());
    }
  }
}

std::vector<int> cgroup_processes(const std::vector<CgroupLeaf>& leaves) {
  std::set<int> pids;
  for (const CgroupLeaf& leaf : leaves)
    for (const std::string& directory : tree_of(leaf))
      for (const int pid : processes_of(directory)) pids.insert(pid);
  return {pids.begin(), pids.end()};
}

bool cgroups_frozen(const std::vector<CgroupLeaf>& leaves) {
  for (const CgroupLeaf& leaf : leaves) {
    for (const auto& [file, word] : {std::pair{"/freezer.state", "FROZEN"}, std::pair{"/cgroup.freeze", "1"}}) {
      const Fd state(kernel::openat(AT_FDCWD, (directory_of(leaf) + file).c_str(), O_RDONLY | O_CLOEXEC));
      if (state && read_all(state.get(), file).starts_with(word)) return true;
    }
  }
  return false;
}

void kill_cgroups(const std::vector<CgroupLeaf>& leaves, int signal) {
  if (signal != SIGKILL) {
    for (const int pid : cgroup_processes(leaves)) kernel::kill(pid, signal);
    return;
  }
  // Again and again: a process can fork between our look and our signal.
  for (int attempt = 0; attempt < kPatience && signal_round(leaves, signal); ++attempt) kernel::nanosleep(kPauseNanoseconds);
}

void remove_cgroups(const std::vector<CgroupLeaf>& leaves) {
  kill_cgroups(leaves, SIGKILL);
  for (const CgroupLeaf& leaf : leaves) remove_leaf(leaf);
}

}  // namespace crumb::linux
