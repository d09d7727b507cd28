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
#include "oci/config.h"
#include "plan/plan.h"

namespace crumb::container {

enum class CgroupManager { cgroupfs, disabled };

// The global options that the lifecycle needs.
struct Runtime {
  std::string root;  // state directory, absolute: /run/crumb
  CgroupManager cgroup_manager = CgroupManager::cgroupfs;
  // Programs: found beside crumb itself (../libexec/crumb/crumb-init, ./crumb-wasm), or where the build installs them.
  std::string init_path, engine_path, seccomp_path;
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

// False for ordinary users, and inside a rootless podman: there crumb is root of a user namespace, which $USER does not claim
// to be, whereas in a container it may well be all the root there is. As runc decides it.
bool is_machine_root();

plan::Plan plan(const Runtime& runtime, const CreateOptions& options);

void create(const Runtime& runtime, const CreateOptions& options);
void start(const Runtime& runtime, const std::string& id);

// create + start (+ wait + delete). Returns the process's exit code, 128+n after signal n; 0 at once with detach. Forwards
// signals to the container. keep: do not delete afterwards.
int run(const Runtime& runtime, const CreateOptions& options, bool detach, bool keep);

// Returns the process's exit code, 128+n after signal n; 0 at once with detach.
int exec(const Runtime& runtime, const ExecOptions& options);

Summary state(const Runtime& runtime, const std::string& id);
std::vector<Summary> list(const Runtime& runtime);
// The container's own config (crumb's copy), for exec's defaults.
oci::Config config(const Runtime& runtime, const std::string& id);

// `container not running` when it has ended, `container "x" does not exist` when unknown. all: every process of its cgroups.
void kill(const Runtime& runtime, const std::string& id, int signal, bool all);

// Stops all processes of a container, and lets them go on. `container not running`, `container not paused` when there is
// nothing to do.
void pause(const Runtime& runtime, const std::string& id);
void resume(const Runtime& runtime, const std::string& id);

// Every process of its cgroups, sorted; none when it has ended.
std::vector<int> processes(const Runtime& runtime, const std::string& id);

// What ps(1) prints of all processes.
std::string list_of_processes(const std::vector<std::string>& options);

// Changes the limits of a container: `resources` is an object like linux.resources of config.json, `name` what messages call
// it. What it says is written, in an order that fits what was there, and kept in crumb's copy of the config. After a failure
// the old limits are in force.
void update(const Runtime& runtime, const std::string& id, const std::string& resources, const std::string& name);

// What the container's cgroups count. `container with id x is not running` when it has ended.
linux::CgroupStats stats(const Runtime& runtime, const std::string& id);

// Calls `report` with this every `interval` milliseconds, and with null each time the container ran out of memory, until it
// ends.
using Report = std::function<void(const linux::CgroupStats* stats)>;
void events(const Runtime& runtime, const std::string& id, long interval, const Report& report);

// Without force: refuses unless stopped. With force: kills first, and an unknown id is success.
void remove(const Runtime& runtime, const std::string& id, bool force);

}  // namespace crumb::container
