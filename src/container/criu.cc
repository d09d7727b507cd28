#include "container/criu.h"

#include <sched.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "support/error.h"
#include "support/file.h"

namespace crumb::container {
namespace {

namespace criu = linux::criu;

constexpr int kLogLevel = 4;    // "debug", as runc's: the log is read after a failure only
constexpr int kOldest = 31500;  // 3.15: external pid namespaces, freezers of version 2, "status-ready"
constexpr char kConfigFile[] = "/etc/criu/crumb.conf", kSharedConfigFile[] = "/etc/criu/runc.conf";
constexpr char kConfigAnnotation[] = "org.criu.config";
constexpr std::size_t kLargestLog = 64U << 20;

Fd open_directory(const std::string& path, const char* option, bool make) {
  if (make) make_directories(std::filesystem::absolute(path).string(), 0700);
  return Fd(check(kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "{} {}", option, path));
}

// A file of that name that is not there is fine with criu. runc's serves all who come from there, with the same settings.
std::string config_file(const std::map<std::string, std::string>& annotations) {
  if (const auto own = annotations.find(kConfigAnnotation); own != annotations.end()) return own->second;
  struct stat facts{};
  return kernel::fstatat(AT_FDCWD, kConfigFile, &facts, 0) >= 0 ? kConfigFile : kSharedConfigFile;
}

criu::CgroupsMode cgroups_mode(const std::string& word) {
  if (word.empty()) return criu::CgroupsMode::standard;
  if (word == "soft") return criu::CgroupsMode::soft;
  if (word == "full") return criu::CgroupsMode::full;
  if (word == "strict") return criu::CgroupsMode::strict;
  if (word == "ignore") return criu::CgroupsMode::ignore;
  throw fail("--manage-cgroups-mode {}: it is none of soft, full, strict and ignore", word);
}

void check_empty_namespaces(const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (word != "network") throw fail("--empty-ns {}: only network can be left empty", word);
}

// "(00.012345) Error (criu/x.c:1): reason" is how criu begins such a line.
std::string last_error(const std::string& log) {
  std::string text;
  try {
    text = read_file(AT_FDCWD, log, kLargestLog);
  } catch (const Error&) {
    return {};  // criu did not come that far
  }
  const std::size_t found = text.rfind("Error (");
  if (found == std::string::npos) return {};
  return text.substr(found, text.find('\n', found) - found);
}

}  // namespace

CheckpointDirectories::CheckpointDirectories(const CriuFlags& flags, bool make)
    : images_path_(flags.image_path), log_directory_(flags.work_path.empty() ? flags.image_path : flags.work_path) {
  images_ = open_directory(images_path_, "--image-path", make);
  if (!flags.work_path.empty()) work_ = open_directory(flags.work_path, "--work-path", true);
}

void CheckpointDirectories::tell(criu::Options& options) const {
  options.images = images_.get();
  options.work = work_.get();
}

std::string find_criu(const std::string& command) {
  const std::string path = criu::find(command);
  const criu::Version version = criu::version_of(path);
  if (version.major * 10000 + version.minor * 100 + version.sublevel < kOldest)
    throw fail("{}: criu {}.{}.{} is too old: 3.15 is needed", command, version.major, version.minor, version.sublevel);
  return path;
}

criu::Options criu_options(const CriuFlags& flags, const Bundle& bundle) {
  check_empty_namespaces(flags.empty_namespaces);
  criu::Options options;
  options.log_level = kLogLevel;
  options.config_file = config_file(bundle.config.annotations);
  options.ext_unix_sk = flags.ext_unix_sk;
  options.tcp_established = flags.tcp_established;
  options.tcp_close = flags.tcp_close;
  options.shell_job = flags.shell_job;
  options.file_locks = flags.file_locks;
  options.auto_dedup = flags.auto_dedup;
  options.lazy_pages = flags.lazy_pages;
  options.cgroups = cgroups_mode(flags.cgroups_mode);
  options.empty_ns = CLONE_NEWNET;  // who made the network makes it again: devices are not the runtime's
  options.orphan_pts_master = options.notify_scripts = true;
  return options;
}

std::string resolved_target(int rootfs, const std::string& rootfs_path, const std::string& target) {
  std::filesystem::path there(target), rest;
  if (!there.has_filename()) there = there.parent_path();  // "/data/"
  for (;; there = there.parent_path()) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const Fd found(kernel::openat2(rootfs, there.c_str(), how));
    if (found) {
      const std::string path = read_link("/proc/self/fd/" + std::to_string(found.get()));
      if (!path.starts_with(rootfs_path)) return target;  // it was moved out meanwhile
      const std::filesystem::path inside = "/" + path.substr(rootfs_path.size());
      return (rest.empty() ? inside : inside / rest).lexically_normal().string();
    }
    if (there == there.parent_path()) return target;
    rest = rest.empty() ? there.filename() : there.filename() / rest;
  }
}

std::string external_namespace(std::uint64_t type) {
  if (type == CLONE_NEWNET) return "extRootNetNS";
  if (type == CLONE_NEWPID) return "extRootPidNS";
  return {};
}

Error criu_failure(const std::string& reason, const std::string& id, const char* what, const std::string& log) {
  const std::string line = last_error(log);
  return fail("container \"{}\": criu cannot {} it: {}{}{}; see {}", id, what, reason, line.empty() ? "" : ": ", line, log);
}

void require_success(const criu::Answer& answer, const std::string& id, const char* what, const std::string& log) {
  if (answer.success) return;
  std::string reason = answer.message;
  if (reason.empty())
    reason = answer.error == 0 ? "it gives no reason" : errno_text(answer.error < 0 ? -answer.error : answer.error);
  throw criu_failure(reason, id, what, log);
}

}  // namespace crumb::container
