// The lifecycle of a container (runtime.md, Operations): the room that turns command lines into Plans and drives crumb-init.
// Everything throws support Error. Nothing here knows about argv or prints anything.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "linux/cgroup_stats.h"
#include "linux/rdt_stats.h"
#include "oci/config.h"
#include "plan/module.h"
#include "plan/plan.h"

namespace crumb::container {

enum class CgroupManager { cgroupfs, systemd, disabled };

// The global options that the lifecycle needs.
struct Runtime {
  std::string root;  // state directory, absolute: /run/crumb
  CgroupManager cgroup_manager = CgroupManager::cgroupfs;
  // Programs: found beside crumb itself (../libexec/crumb/crumb-init, ./crumb-wasm), or where the build installs them.
  std::string init_path, engine_path, seccomp_path, systemd_path;
  std::string seccomp_cache;  // directory of compiled filters, absolute; "": none are kept
  std::string code_cache;     // directory of compiled modules (src/wasm/code_cache.h); "": none
};

enum class Status { creating, created, running, paused, stopped };
const char* word(Status status);

// What `state` and `list` show (runtime.md, State).
struct Summary {
  std::string id;
  Status status = Status::stopped;
  int pid = 0;  // 0 when stopped
  std::string bundle, rootfs, owner;
  std::string created;  // RFC 3339, UTC, nanoseconds
  std::map<std::string, std::string> annotations;
};

// Descriptors from 3 on that the program gets: first those of socket activation (sd_listen_fds(3)), then --preserve-fds.
struct Handover {
  std::uint32_t listen_fds = 0;
  std::string listen_names;  // LISTEN_FDNAMES; empty: not given
  std::uint32_t preserve_fds = 0;

  std::uint32_t count() const { return listen_fds + preserve_fds; }
};

struct CreateOptions {
  std::string id;
  std::string bundle = ".";
  std::string config;          // --config: another file than BUNDLE/config.json
  std::string pid_file;        // empty: none
  std::string console_socket;  // takes the master of the terminal; empty: none
  std::string pidfd_socket;    // takes a pidfd of the process; empty: none
  bool no_pivot = false;
  bool no_new_keyring = false;
  Handover handover;
};

// Cgroups below the container's own that a process joins: controller -> path from there. "": all hierarchies (or version 2's).
using SubCgroups = std::map<std::string, std::string>;

struct ExecOptions {
  std::string id;
  oci::Process process;  // complete: the CLI merged --process or the flags with the container's own process
  std::string pid_file;
  std::string console_socket, pidfd_socket;  // as with create
  bool detach = false;
  bool ignore_paused = false;  // the process waits until the container is resumed
  SubCgroups cgroups;
  Handover handover;
};

// What checkpoint and restore tell criu alike; criu(8) has the meaning of each.
struct CriuFlags {
  std::string image_path = "checkpoint";  // directory of the images
  std::string work_path;                  // of the log and the like; empty: image_path
  bool tcp_established = false, tcp_close = false;
  bool ext_unix_sk = false, shell_job = false, file_locks = false;
  bool auto_dedup = false, lazy_pages = false;
  std::string cgroups_mode;  // soft, full, strict, ignore; empty: criu's default
  std::vector<std::string> empty_namespaces;
};

struct CheckpointOptions {
  std::string id;
  CriuFlags criu;
  std::string parent_path;  // of images of an earlier pre-dump, below image_path; empty: none
  bool leave_running = false;
  bool pre_dump = false;  // memory only; the container goes on
  bool tcp_skip_in_flight = false, link_remap = false;
  std::optional<std::uint32_t> status_fd;  // gets a NUL when the server of lazy pages is ready
  std::string page_server;                 // ADDRESS:PORT; empty: none
};

struct RestoreOptions {
  CreateOptions create;
  CriuFlags criu;
  bool detach = false;
  std::string lsm_profile, lsm_mount_context;
};

// False for ordinary users, and inside a rootless podman: there crumb is root of a user namespace, which $USER does not claim
// to be, whereas in a container it may well be all the root there is. As runc decides it.
bool is_machine_root();

plan::Plan plan(const Runtime& runtime, const CreateOptions& options);

void create(const Runtime& runtime, const CreateOptions& options);
void start(const Runtime& runtime, const std::string& id);

// create + start (+ wait + delete). Returns the process's exit code, 128+n after signal n; 0 at once with detach. Forwards
// signals to the container. keep: do not delete afterwards.
int run(const Runtime& runtime, const CreateOptions& options, bool detach, bool keep);

// Runs one module in a sandbox of its own (plan/module.h) to its end, without a bundle and without a trace on disk: whatever
// crumb is killed at, nothing is left. Returns its exit code, 128+n after signal n. Forwards signals.
struct ModuleOptions {
  std::string path;                                // of the module, as given
  std::vector<std::string> arguments;              // those behind it
  std::vector<std::string> environment;            // all that the guest gets
  std::vector<plan::ModuleDirectory> directories;  // their paths as given
  bool host_network = false;
  Handover handover;        // of sockets only
  plan::WasmPolicy policy;  // without directories and network
  long time_limit = 0;      // milliseconds; 0: none
};
int run_module(const Runtime& runtime, const ModuleOptions& options);

// Returns the process's exit code, 128+n after signal n; 0 at once with detach.
int exec(const Runtime& runtime, const ExecOptions& options);

Summary state(const Runtime& runtime, const std::string& id);
std::vector<Summary> list(const Runtime& runtime);
// Of all containers, those too that were not completely created; sorted.
std::vector<std::string> ids(const Runtime& runtime);
// The container's own config (crumb's copy), for exec's defaults.
oci::Config config(const Runtime& runtime, const std::string& id);

// `container not running` when it has ended, `container "x" does not exist` when unknown. all: every process of its cgroups.
void kill(const Runtime& runtime, const std::string& id, int signal, bool all);

// Stops all processes of a container, and lets them go on. `container not running`, `container not paused` when there is
// nothing to do.
void pause(const Runtime& runtime, const std::string& id);
void resume(const Runtime& runtime, const std::string& id);

// Has criu write a running or paused container to files. Unless it is to go on, it is deleted.
void checkpoint(const Runtime& runtime, const CheckpointOptions& options);

// Makes a container from these files and the bundle. Returns as run does.
int restore(const Runtime& runtime, const RestoreOptions& options);

// Every process of its cgroups, sorted; none when it has ended.
std::vector<int> processes(const Runtime& runtime, const std::string& id);

// What ps(1) prints of all processes.
std::string list_of_processes(const std::vector<std::string>& options);

// Changes the limits of a container: `resources` is an object like linux.resources of config.json, `name` what messages call
// it. What it says is written, in an order that fits what was there, and kept in crumb's copy of the config. After a failure
// the old limits are in force.
// `schemas`: lines for Intel RDT, which a container without linux.intelRdt cannot have.
struct Schemas {
  std::string l3_cache, memory_bandwidth;  // empty: as it is

  bool empty() const { return l3_cache.empty() && memory_bandwidth.empty(); }
};
void update(const Runtime& runtime, const std::string& id, const std::string& resources, const std::string& name,
            const Schemas& schemas);

struct Stats {
  linux::CgroupStats cgroups;
  std::optional<linux::RdtStats> rdt;  // with linux.intelRdt, where the filesystem says something
};

// What the container uses. `container with id x is not running` when it has ended.
Stats stats(const Runtime& runtime, const std::string& id);

// Calls `report` with this every `interval` milliseconds, and with null each time the container ran out of memory, until it
// ends.
using Report = std::function<void(const Stats* stats)>;
void events(const Runtime& runtime, const std::string& id, long interval, const Report& report);

// Without force: refuses unless stopped. With force: kills first, and an unknown id is success.
void remove(const Runtime& runtime, const std::string& id, bool force);

}  // namespace crumb::container
