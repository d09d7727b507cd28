#include "linux/user_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include "linux/helper.h"
#include "linux/process.h"
#include "support/error.h"
#include "support/file.h"
#include "support/lines.h"

namespace crumb::linux {
namespace {

using Mappings = std::vector<oci::IdMapping>;

std::string map_text(const Mappings& mappings) {
  std::string text;
  for (const auto& [container, host, size] : mappings) text += fmt::format("{} {} {}\n", container, host, size);
  return text;
}

// The kernel takes these files in one write. Its errors in words that say what was wrong.
void write_process_file(int pid, const char* name, const std::string& text, const char* place) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  long result = kernel::openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC);
  const Fd file(result);
  if (file) result = kernel::write(file.get(), text.data(), text.size());
  if (result == -EPERM || result == -EACCES) throw fail("config.json: {}: crumb may not do that: {} is refused", place, path);
  if (result == -EINVAL) throw fail("config.json: {}: the kernel does not take it", place);
  check(result, "config.json: {}: {}", place, path);
}

bool is_own_id(const Mappings& mappings, std::uint32_t id) {
  return mappings.size() == 1 && mappings[0].size == 1 && mappings[0].host == id;
}

// What it said, or at least how it ended.
std::string words_of(const HelperResult& result) {
  std::string line = first_line(result.err);
  std::ranges::replace_if(line, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return line.empty() ? fmt::format("exit code {}", result.code) : line;
}

void map_by_helper(const char* helper, int pid, const Mappings& mappings, const char* place) {
  const std::string path = find_in_path(helper);
  if (path.empty())
    throw fail(
        "config.json: {}: to map more than one's own id an ordinary user needs {} (package uidmap), which is not in $PATH",
        place, helper);
  std::vector<std::string> arguments{std::to_string(pid)};
  for (const auto& [container, host, size] : mappings)
    for (const std::uint32_t number : {container, host, size}) arguments.push_back(std::to_string(number));
  const HelperResult result = run_helper(path, {}, arguments);
  if (result.code != 0) throw fail("config.json: {}: {}: {}", place, helper, words_of(result));
}

// One of the two maps.
struct Map {
  const Mappings& mappings;
  const char* file;
  const char* helper;
  const char* place;
  int capability;
  std::uint32_t own;
};

void write_map(int pid, const Map& map) {
  if (has_capability(map.capability) || is_own_id(map.mappings, map.own))
    write_process_file(pid, map.file, map_text(map.mappings), map.place);
  else
    map_by_helper(map.helper, pid, map.mappings, map.place);
}

// A child in a new user namespace that does nothing but live until it is killed.
class Holder {
 public:
  Holder() : pid_(static_cast<int>(check(kernel::clone(CLONE_NEWUSER | SIGCHLD), "user namespace for an idmapped mount"))) {
    if (pid_ == 0) wait_for_ever();
  }
  ~Holder() {
    kernel::kill(pid_, SIGKILL);
    kernel::wait4(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  int pid() const { return pid_; }

 private:
  // A copy of crumb: system calls only.
  [[noreturn]] static void wait_for_ever() {
    constexpr long kSecond = 1'000'000'000;
    kernel::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int seconds = 0; seconds < 60; ++seconds) kernel::nanosleep(kSecond);
    kernel::exit_group(0);
  }

  int pid_;
};

Fd open_namespace(const std::string& path) {
  return Fd(
      check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "user namespace {}", path));
}

}  // namespace

bool has_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  check(kernel::capget(&header, data), "crumb's capabilities");
  return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}

bool in_user_namespace() {
  constexpr ino_t kFirst = 0xeffffffd;  // of the one that the kernel begins with (linux/nsfs.h, USER_NS_INIT_INO)
  static const bool answer = [] {
    constexpr char kOwn[] = "/proc/self/ns/user";
    struct stat facts{};
    const long result = kernel::fstatat(AT_FDCWD, kOwn, &facts, 0);
    if (result == -ENOENT) return false;  // a kernel without them
    check(result, "{}", kOwn);
    return facts.st_ino != kFirst;
  }();
  return answer;
}

bool denies_setgroups(const std::string& pid) { return read_file("/proc/" + pid + "/setgroups").starts_with("deny"); }

void write_id_maps(int pid, const plan::IdMaps& maps) {
  if (maps.deny_setgroups && !denies_setgroups("self")) write_process_file(pid, "setgroups", "deny", "linux.gidMappings");
  write_map(pid, {maps.gids, "gid_map", "newgidmap", "linux.gidMappings", CAP_SETGID, getegid()});
  write_map(pid, {maps.uids, "uid_map", "newuidmap", "linux.uidMappings", CAP_SETUID, geteuid()});
}

void write_time_offsets(int pid, const std::vector<oci::TimeOffset>& offsets) {
  std::string text;
  for (const auto& [clock, seconds, nanoseconds] : offsets) text += fmt::format("{} {} {}\n", clock, seconds, nanoseconds);
  if (!text.empty()) write_process_file(pid, "timens_offsets", text, "linux.timeOffsets");
}

Fd open_user_namespace(const plan::Idmap& idmap) {
  if (!idmap.path.empty()) return open_namespace(idmap.path);
  const Holder holder;
  const std::string directory = fmt::format("/proc/{}/", holder.pid());
  write_kernel_file(AT_FDCWD, directory + "gid_map", map_text(idmap.maps.gids));
  write_kernel_file(AT_FDCWD, directory + "uid_map", map_text(idmap.maps.uids));
  return open_namespace(directory + "ns/user");
}

}  // namespace crumb::linux
