#include <fcntl.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "container/bundle.h"
#include "container/container.h"
#include "container/criu.h"
#include "container/launch.h"
#include "container/scope.h"
#include "container/status.h"
#include "container/store.h"
#include "kernel/namespaces.h"
#include "linux/cgroup.h"
#include "plan/external.h"
#include "support/error.h"
#include "support/file.h"
#include "support/log.h"

namespace crumb::container {
namespace {

namespace criu = linux::criu;

constexpr char kLogFile[] = "dump.log";
constexpr char kWhat[] = "checkpoint";

void require_checkpointable(const Held& held) {
  if (held.status == Status::running || held.status == Status::paused) return;
  throw fail("container \"{}\": cannot be checkpointed in {} state", held.state.id, word(held.status));
}

// Relative to the images, as criu keeps it in a link there.
void check_parent(const CheckpointDirectories& directories, const std::string& parent) {
  if (parent.empty()) return;
  if (parent.starts_with('/')) throw fail("--parent-path {}: it must be relative to --image-path", parent);
  const Fd directory(check(kernel::openat(directories.images(), parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC),
                           "--parent-path {}: below {}", parent, directories.images_path()));
}

// "ADDRESS:PORT", "[ADDRESS]:PORT"
criu::PageServer page_server(const std::string& text) {
  if (text.empty()) return {};
  const std::size_t colon = text.rfind(':');
  criu::PageServer server{text.substr(0, colon)};
  if (server.address.starts_with('[') && server.address.ends_with(']'))
    server.address = server.address.substr(1, server.address.size() - 2);
  const char* const end = text.data() + text.size();
  const char* const begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [rest, error] = std::from_chars(begin, end, server.port);
  constexpr int kLastPort = 65535;
  if (server.address.empty() || error != std::errc() || rest != end || server.port < 1 || server.port > kLastPort)
    throw fail("--page-server {}: it is not ADDRESS:PORT", text);
  return server;
}

void check_status_fd(const std::optional<std::uint32_t>& fd) {
  if (!fd) return;
  const long flags = check(kernel::fcntl(static_cast<int>(*fd), F_GETFL), "--status-fd {}", *fd);
  if ((flags & O_ACCMODE) == O_RDONLY) throw fail("--status-fd {}: it is not open for writing", *fd);
}

void require_features(const std::string& program, const CheckpointOptions& options) {
  const criu::Features asked{options.pre_dump, options.criu.lazy_pages};
  if (!asked.mem_track && !asked.lazy_pages) return;
  const criu::Features found = criu::features_of(program, asked);
  if (asked.mem_track && !found.mem_track) throw Error("--pre-dump: criu or the kernel cannot track changes of memory");
  if (asked.lazy_pages && !found.lazy_pages) throw Error("--lazy-pages: criu or the kernel cannot load pages lazily");
}

// What is masked and there, but for directories, whose masks are filesystems of the container.
bool is_masked_file(int pid, const std::string& path) {
  struct stat facts{};
  const long result =
      kernel::fstatat(AT_FDCWD, fmt::format("/proc/{}/root/{}", pid, path).c_str(), &facts, AT_SYMLINK_NOFOLLOW);
  return result >= 0 && !S_ISDIR(facts.st_mode);
}

void add_external_mounts(const Bundle& bundle, const plan::Plan& plan, criu::Options& options) {
  const Fd rootfs(
      check(kernel::openat(AT_FDCWD, bundle.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "{}", bundle.rootfs));
  for (const plan::ExternalMount& mount : plan::external_mounts(plan.steps)) {
    if (mount.mask && !is_masked_file(options.pid, mount.target)) continue;
    const std::string target = mount.mask ? mount.target : resolved_target(rootfs.get(), bundle.rootfs, mount.target);
    options.external.push_back(fmt::format("mnt[{}]:{}", target, mount.mask ? mount.source : target));
  }
}

// Namespaces that were there before the container and are there after it: restore finds them at their paths again.
void add_external_namespaces(const std::vector<oci::Namespace>& namespaces, criu::Options& options) {
  for (const oci::Namespace& space : namespaces) {
    const std::string key = external_namespace(space.type);
    if (space.path.empty() || key.empty()) continue;
    struct stat facts{};
    check(kernel::fstatat(AT_FDCWD, space.path.c_str(), &facts, 0), "namespace {}", space.path);
    const char* const type = space.type == CLONE_NEWNET ? "net" : "pid";
    options.external.push_back(fmt::format("{}[{}]:{}", type, facts.st_ino, key));
  }
}

criu::Options dump_options(const CheckpointOptions& asked, const Bundle& bundle, const State& state) {
  criu::Options options = criu_options(asked.criu, bundle);
  options.log_file = kLogFile;
  options.pid = state.pid;
  options.root = state.rootfs;
  options.parent = asked.parent_path;
  options.track_mem = asked.pre_dump || !asked.parent_path.empty();
  options.leave_running = asked.leave_running;
  options.tcp_skip_in_flight = asked.tcp_skip_in_flight;
  options.link_remap = asked.link_remap;
  options.page_server = page_server(asked.page_server);
  options.freeze_cgroup = linux::freezer_directory(state.cgroups);
  add_external_namespaces(bundle.config.linux_.namespaces, options);
  return options;
}

void write_descriptors(const CheckpointDirectories& directories, const State& state) {
  replace_file(directories.images(), kDescriptorsFile, boost::json::serialize(boost::json::value_from(state.descriptors)));
}

// Whoever reads `status` waits for a byte, and for the end when there will be none.
void listen(const criu::Notice& notice, Fd& status) {
  log::debug(fmt::format("criu: {}", notice.script));
  if (notice.script != "status-ready" || !status) return;
  check(kernel::write(status.get(), "", 1), "--status-fd");
  status.reset();
}

// A criu that was killed leaves the freezer as it was at that moment.
void let_go_on(const Held& held) {
  try {
    if (held.status == Status::running && linux::cgroups_frozen(held.state.cgroups)) linux::thaw_cgroups(held.state.cgroups);
  } catch (const Error& error) {
    log::warning(error.what());
  }
}

void dump(const std::string& program, const CheckpointOptions& asked, const criu::Options& options,
          const CheckpointDirectories& directories) {
  const criu::Type type = asked.pre_dump ? criu::Type::pre_dump : criu::Type::dump;
  const std::string log = directories.log_path(kLogFile);
  Fd status(asked.status_fd ? static_cast<long>(*asked.status_fd) : -1);
  criu::Answer answer;
  try {
    answer =
        criu::Program(program).ask(criu::encode(type, options), [&](const criu::Notice& notice) { listen(notice, status); });
  } catch (const Error& error) {
    throw criu_failure(error.what(), asked.id, kWhat, log);
  }
  require_success(answer, asked.id, kWhat, log);
}

// Under the container's lock.
void dump_container(const Runtime& runtime, const CheckpointOptions& asked) {
  const Held held = hold(runtime, asked.id);
  require_checkpointable(held);
  check_status_fd(asked.status_fd);
  const std::string program = find_criu(kWhat);
  require_features(program, asked);

  const Bundle bundle{held.state.bundle, held.state.rootfs, {}, oci::parse_config(held.entry.read_config())};
  CreateOptions create;
  create.id = asked.id;
  const CheckpointDirectories directories(asked.criu, true);
  check_parent(directories, asked.parent_path);
  criu::Options options = dump_options(asked, bundle, held.state);
  directories.tell(options);
  if (!asked.pre_dump) {
    add_external_mounts(bundle, compile_bundle(as_created(runtime, held.state), bundle, create), options);
    write_descriptors(directories, held.state);
  }
  try {
    dump(program, asked, options, directories);
  } catch (const Error&) {
    let_go_on(held);
    throw;
  }
}

}  // namespace

void checkpoint(const Runtime& runtime, const CheckpointOptions& options) {
  settle_descriptors({});
  dump_container(runtime, options);
  if (!options.leave_running && !options.pre_dump) remove(runtime, options.id, true);
}

}  // namespace crumb::container
