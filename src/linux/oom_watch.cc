#include "linux/oom_watch.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <charconv>

#include "linux/cgroup_tree.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

using plan::CgroupLeaf;

bool has_memory(const CgroupLeaf& leaf) { return std::ranges::find(leaf.controllers, "memory") != leaf.controllers.end(); }

}  // namespace

OomWatch::OomWatch(const std::vector<CgroupLeaf>& leaves) {
  const auto leaf = std::ranges::find_if(leaves, has_memory);
  if (leaf == leaves.end())
    throw Error("the container has no cgroup with a memory controller: nobody tells when memory runs out");
  directory_ = cgroup_directory(*leaf);
  v2_ = leaf->unified;
  if (v2_)
    watch_v2();
  else
    watch_v1();
}

// cgroup-v1/memory.rst, OOM Control.
void OomWatch::watch_v1() {
  const std::string file = directory_ + "/memory.oom_control";
  control_ = Fd(check(kernel::openat(AT_FDCWD, file.c_str(), O_RDONLY | O_CLOEXEC), "{}", file));
  notices_ = Fd(check(kernel::eventfd2(0, EFD_CLOEXEC | EFD_NONBLOCK), "event descriptor"));
  write_kernel_file(AT_FDCWD, directory_ + "/cgroup.event_control", fmt::format("{} {}", notices_.get(), control_.get()));
}

void OomWatch::watch_v2() {
  const std::string file = directory_ + "/memory.events";
  notices_ = Fd(check(kernel::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "notices of changed files"));
  check(kernel::inotify_add_watch(notices_.get(), file.c_str(), IN_MODIFY), "{}", file);
  seen_ = kills();
}

std::uint64_t OomWatch::kills() const {
  constexpr std::string_view kKey = "oom_kill ";
  std::string text;
  try {
    text = read_file(directory_ + "/memory.events");
  } catch (const Error&) {
    return seen_;  // the cgroup has been removed
  }
  std::uint64_t count = 0;
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(kKey)) std::from_chars(line.data() + kKey.size(), line.data() + line.size(), count);
  return count;
}

std::uint64_t OomWatch::take() {
  if (v2_) {
    char notices[4096];
    while (kernel::read(notices_.get(), notices, sizeof notices) > 0) continue;
    const std::uint64_t before = std::exchange(seen_, kills());
    return seen_ - std::min(before, seen_);
  }
  std::uint64_t count = 0;
  if (kernel::read(notices_.get(), &count, sizeof count) != sizeof count) return 0;
  // The end of the cgroup is told in the same way.
  const Fd still_there(kernel::openat(AT_FDCWD, directory_.c_str(), O_PATH | O_CLOEXEC));
  return still_there ? count : 0;
}

}  // namespace crumb::linux
