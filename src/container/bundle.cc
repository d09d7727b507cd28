#include "container/bundle.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "container/scope.h"
#include "kernel/call.h"
#include "linux/cgroup.h"
#include "linux/process.h"
#include "linux/resctrl.h"
#include "linux/security.h"
#include "linux/user_namespace.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

// The reason an object at a path cannot be used; ENOENT in words that no caller takes for a missing program.
std::string reason(long error) { return error == -ENOENT ? "does not exist" : errno_text(static_cast<int>(-error)); }

// A FIFO in the place of the bundle's config.json must not stop us. `given`: by the caller, whose pipe is waited for.
std::string read_config(const std::string& path, bool given) {
  const int waits = given ? 0 : O_NONBLOCK;
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_RDONLY | waits | O_NOCTTY | O_CLOEXEC);
  if (opened < 0) throw fail("config \"{}\" {}", path, reason(opened));
  const Fd file(opened);
  struct stat status = {};
  check(kernel::fstat(file.get(), &status), "config \"{}\"", path);
  if (!S_ISREG(status.st_mode) && !(given && S_ISFIFO(status.st_mode))) throw fail("config \"{}\" is not a regular file", path);
  return read_all(file.get(), path);
}

std::uint64_t last_capability() {
  constexpr std::uint64_t kMost = 63;
  std::uint64_t last = CAP_LAST_CAP;  // of the headers; the kernel that runs may know fewer or more
  const auto known = [](std::uint64_t capability) { return kernel::prctl(PR_CAPBSET_READ, capability) >= 0; };
  while (last > 0 && !known(last)) --last;
  while (last < kMost && known(last + 1)) ++last;
  return last;
}

// Root of the machine may use any cgroup. Whoever else calls crumb has what was delegated to them, if anything was.
void add_cgroups(plan::Surroundings& surroundings) {
  surroundings.cgroups = linux::find_cgroups();
  if (!surroundings.ordinary_user() && !surroundings.in_user_namespace) return;
  surroundings.own_cgroup = linux::own_unified_cgroup();
  surroundings.may_use = linux::may_use_cgroup;
}

}  // namespace

// Opens the directory itself, whatever links lead there, and asks the kernel for its name.
std::string real_directory(const std::string& path, const std::string& place) {
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC);
  if (opened < 0) throw fail("{}\"{}\" {}", place, path, reason(opened));
  const Fd directory(opened);
  struct stat status = {};
  check(kernel::fstat(directory.get(), &status), "{}\"{}\"", place, path);
  if (!S_ISDIR(status.st_mode)) throw fail("{}\"{}\" is not a directory", place, path);

  return read_link(fmt::format("/proc/self/fd/{}", directory.get()));
}

Bundle load_bundle(const CreateOptions& options, const Parse& parse) {
  const trace::Span span("read config.json");
  Bundle bundle;
  bundle.path = real_directory(options.bundle, "bundle ");
  const bool given = !options.config.empty();
  const std::string path = given ? options.config : bundle.path + "/config.json";
  bundle.text = read_config(path, given);
  const std::string name = path.substr(path.rfind('/') + 1);
  bundle.config = parse(bundle.text, name);
  const std::string& root = bundle.config.root.path;
  bundle.rootfs = real_directory(root.starts_with('/') ? root : bundle.path + "/" + root, name + ": root.path: ");
  return bundle;
}

plan::Surroundings surroundings_of(const Runtime& runtime, const std::string& id, const std::string& bundle,
                                   const std::string& rootfs) {
  plan::Surroundings surroundings;
  surroundings.id = id;
  surroundings.bundle = bundle;
  surroundings.rootfs = rootfs;
  surroundings.cgroups_disabled = runtime.cgroup_manager == CgroupManager::disabled;
  surroundings.last_capability = last_capability();
  surroundings.uid = geteuid();
  surroundings.gid = getegid();
  surroundings.privileged = linux::has_capability(CAP_SYS_ADMIN);
  surroundings.in_user_namespace = linux::in_user_namespace();
  surroundings.deny_setgroups = surroundings.in_user_namespace && linux::denies_setgroups("self");
  surroundings.apparmor = linux::apparmor_enabled();
  surroundings.selinux = linux::selinux_enabled();
  return surroundings;
}

void add_handover(const Handover& handover, plan::Surroundings& surroundings) {
  surroundings.preserve_fds = handover.count();
  surroundings.listen_fds = handover.listen_fds;
  surroundings.listen_names = handover.listen_names;
}

plan::Plan compile_bundle(const Runtime& runtime, const Bundle& bundle, const CreateOptions& options) {
  const trace::Span span("compile the Plan");
  plan::Surroundings surroundings = surroundings_of(runtime, options.id, bundle.path, bundle.rootfs);
  add_cgroups(surroundings);
  surroundings.systemd = systemd_of(runtime);
  surroundings.no_pivot = options.no_pivot;
  surroundings.keyring = !options.no_new_keyring;
  for (const oci::Namespace& space : bundle.config.linux_.namespaces)
    if (!space.path.empty() && linux::is_own_namespace(space.path, space.type)) surroundings.own_namespaces |= space.type;
  add_handover(options.handover, surroundings);
  if (bundle.config.linux_.intel_rdt) surroundings.resctrl = linux::find_resctrl();
  return plan::compile_create(bundle.config, surroundings);
}

}  // namespace crumb::container
