#include "cli/globals.h"

#include <cstdlib>
#include <filesystem>

#include "build_facts.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"
#include "support/text.h"
#include "wasm/code_cache.h"

namespace crumb::cli {
namespace {

namespace fs = std::filesystem;

struct Folders {
  std::string bin, libexec;
};

// Of crumb's programs: around crumb as the build and a package lay them out, so that a build folder or an unpacked archive
// works where it is; else where `cmake --install` was told to put them.
Folders find_folders() {
  const std::string self = read_link("/proc/self/exe");
  const std::string bin = self.substr(0, self.rfind('/')), libexec = bin.substr(0, bin.rfind('/')) + "/libexec/crumb";
  std::error_code ignored;
  if (fs::exists(libexec + "/crumb-init", ignored)) return {bin, libexec};
  return {build::kBin, build::kLibexec};
}

std::string absolute(std::string_view option, const std::string& path) {
  std::error_code error;
  std::string result = fs::absolute(path, error).lexically_normal();
  if (error) throw fail("option --{}: {}: {}", option, quote(path), errno_text(error.value()));
  return result;
}

}  // namespace

std::string default_root(bool machine_root, const char* xdg_runtime_dir) {
  if (machine_root || !xdg_runtime_dir || !*xdg_runtime_dir) return "/run/crumb";
  return std::string(xdg_runtime_dir) + "/crumb";
}

std::string default_seccomp_cache(bool machine_root, const char* xdg_runtime_dir) {
  if (!machine_root && (!xdg_runtime_dir || !*xdg_runtime_dir)) return "";
  return default_root(machine_root, xdg_runtime_dir) + "-seccomp";
}

Globals::Globals() {
  options_.text("root", root_, "DIR",
                "where containers are kept (default: /run/crumb, or $XDG_RUNTIME_DIR/crumb for other users)");
  options_.text("seccomp-cache", seccomp_cache_, "DIR",
                "where compiled seccomp filters are kept (default: crumb-seccomp beside the default root)");
  options_.text("log", log_, "FILE", "append errors and warnings to this file");
  options_.text("log-format", log_format_, "FORMAT", "of that file: text (default) or json");
  options_.flag("debug", debug_, "log more");
  options_.text("trace", trace_, "FILE",
                "write where the command's time goes, for Perfetto; a directory: COMMAND-PID.json in it");
  options_.text("cgroup-manager", cgroup_manager_, "NAME", "cgroupfs (default), systemd or disabled");
  options_.flag("systemd-cgroup", systemd_cgroup_, "have systemd make the cgroups: --cgroup-manager=systemd");
  options_.text("rootless", rootless_, "WHEN", "true, false or auto; crumb looks for itself what it may do");
  options_.flag("version,v", version_, "print the version");
  options_.operand("COMMAND", command_, false);
  options_.rest(rest_);
}

void Globals::parse(const std::vector<std::string>& arguments) {
  options_.parse(arguments);
  if (!command_.empty()) rest_.insert(rest_.begin(), command_);
  if (options_.help_wanted() || version_) return;
  open_log();

  if (cgroup_manager_.empty()) cgroup_manager_ = systemd_cgroup_ ? "systemd" : "cgroupfs";
  if (cgroup_manager_ != "cgroupfs" && cgroup_manager_ != "systemd" && cgroup_manager_ != "disabled")
    throw fail("option --cgroup-manager: {} is none of cgroupfs, systemd and disabled", quote(cgroup_manager_));
  if (systemd_cgroup_ && cgroup_manager_ != "systemd")
    throw fail("option --systemd-cgroup contradicts --cgroup-manager={}", cgroup_manager_);
  if (rootless_ != "true" && rootless_ != "false" && rootless_ != "auto")
    throw fail("option --rootless: {} is none of true, false and auto", quote(rootless_));
}

void Globals::open_log() const {
  if (log_format_ != "text" && log_format_ != "json")
    throw fail("option --log-format: {} is neither text nor json", quote(log_format_));
  log::open(log_, log_format_ == "json" ? log::Format::json : log::Format::text, debug_);
}

container::CgroupManager Globals::manager() const {
  if (cgroup_manager_ == "systemd") return container::CgroupManager::systemd;
  return cgroup_manager_ == "disabled" ? container::CgroupManager::disabled : container::CgroupManager::cgroupfs;
}

std::string Globals::trace() const { return trace_.empty() ? "" : absolute("trace", trace_); }

container::Runtime Globals::runtime() const {
  container::Runtime runtime;
  const bool machine_root = container::is_machine_root();
  const char* const xdg_runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  runtime.root = absolute("root", root_.empty() ? default_root(machine_root, xdg_runtime_dir) : root_);
  const std::string cache = seccomp_cache_.empty() ? default_seccomp_cache(machine_root, xdg_runtime_dir) : seccomp_cache_;
  if (!cache.empty()) runtime.seccomp_cache = absolute("seccomp-cache", cache);
  runtime.cgroup_manager = manager();
  const Folders folders = find_folders();
  runtime.init_path = folders.libexec + "/crumb-init";
  runtime.seccomp_path = folders.libexec + "/crumb-seccomp";
  runtime.systemd_path = folders.libexec + "/crumb-systemd";
  runtime.engine_path = folders.bin + "/crumb-wasm";
  runtime.code_cache = wasm::default_code_cache(machine_root);
  return runtime;
}

}  // namespace crumb::cli
