// The Plan: everything that happens to make a container or one more process in it, decided before a process exists.
// Immutable once compiled; plain values only. compile.h makes it, wire.h encodes its steps, text.h prints it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "oci/config.h"
#include "wire/steps.h"

namespace crumb::plan {

// The form of a step on the host side.
struct HostForm {
  using Text = std::string;
  template <class T>
  using List = std::vector<T>;
};

#define CRUMB_STEP_ALIAS(name) using name = wire::name<HostForm>;  // NOLINT(bugprone-macro-parentheses): a name
CRUMB_STEPS(CRUMB_STEP_ALIAS)
#undef CRUMB_STEP_ALIAS

template <class None, class... Steps>
using VariantOf = std::variant<Steps...>;
// The alternatives stand in the order of wire::StepNumber: number == index + 1.
using Step = VariantOf<void
#define CRUMB_STEP_ALTERNATIVE(name) , name
                           CRUMB_STEPS(CRUMB_STEP_ALTERNATIVE)
#undef CRUMB_STEP_ALTERNATIVE
                       >;

// One directory per hierarchy that the container's process joins (docs/cgroups: v1 has several, v2 one, hybrid v1's and one of
// v2).
struct CgroupLeaf {
  std::string mountpoint;                // of the hierarchy on the host: "/sys/fs/cgroup/memory"
  std::string path;                      // below it, absolute: "/crumb-web"
  std::vector<std::string> controllers;  // v1: those of the hierarchy ("cpu", "cpuacct"); v2: those to enable on the way down
  bool unified = false;
  bool required = true;  // false: no limit needs it, a failure to make or join it is a warning
};

// Whether limits of these leaves are those of v2: there are leaves, and none of v1.
bool are_unified(const std::vector<CgroupLeaf>& leaves);

// Written into a leaf's file before the process joins, in order.
struct CgroupWrite {
  std::size_t leaf = 0;  // index into Host::cgroup_leaves
  std::string file;      // "memory.limit_in_bytes"
  std::string value;
  std::string place;  // of the value in Host::document, for messages: "linux.resources.memory.limit"
  // Where the leaf lacks the file: another file for the same, and what is written there. Empty: there is none.
  std::string other_file = {}, other_value = {};
  bool optional = false;  // nothing is lost where the leaf lacks the file
  // What the kernel accepts depends on another of the writes: one that is refused is tried again after them.
  bool order_matters = false;
};

// The devices that a container may use, on cgroup v2 (device_filter.h): whatever no rule allows is denied.
struct DeviceFilter {
  std::size_t leaf = 0;                // index into Host::cgroup_leaves
  std::vector<oci::DeviceRule> rules;  // the last one that matches counts
  bool asked_for = false;              // config.json has rules; else only what every container may use is allowed
};

// What systemd is told of a unit, as a value of D-Bus.
struct SystemdProperty {
  std::string name;                 // "MemoryMax"
  std::string signature;            // of a basic type, an array of one, or an array of pairs: "t", "as", "a(ss)"
  std::vector<std::string> values;  // in decimal, "true", or as they are; pairs one member after the other
  std::uint32_t since = 0;          // the first systemd that knows it; an older one is not told. 0: every one
};

// A unit of systemd's that the container's cgroups are: its scope.
struct SystemdScope {
  std::string unit;           // "crumb-web.scope"
  std::string control_group;  // where systemd makes it, below a hierarchy's mountpoint: "/system.slice/crumb-web.scope"
  std::vector<SystemdProperty> properties;
};

struct Rlimit {
  int resource = 0;  // RLIMIT_*
  std::uint64_t soft = 0, hard = 0;
};

// A container's place in the resctrl filesystem (Documentation/filesystems/resctrl.rst), absolute paths of directories.
struct RdtGroup {
  std::string mountpoint;
  std::string directory;              // of the class of service
  std::string monitor;                // of the monitoring group in it; empty: none
  std::vector<std::string> schemata;  // oci::IntelRdt's
  std::size_t compared = 0;
  bool own = false;         // the class is the container's own: it goes with the container, if crumb has made it
  bool must_exist = false;  // the class is somebody's who has set it up
};

// The ids of a user namespace.
struct IdMaps {
  std::vector<oci::IdMapping> uids, gids;
  bool deny_setgroups = false;  // no process in it may change its groups: what the kernel asks of unprivileged mappings
};

// The user namespace that a Source is idmapped through: made with these maps, or joined's own.
struct Idmap {
  std::size_t source = 0;  // the number of the Source
  IdMaps maps;
  std::string path;  // not empty: of an existing user namespace, instead of maps
};

// What the host does: before init starts (idmaps), at the points `map`, `placed` and `mounted`, and later (hooks).
struct Host {
  std::vector<Idmap> idmaps;
  std::optional<IdMaps> maps;  // of the container's new user namespace
  std::vector<oci::TimeOffset> time_offsets;
  bool early_oom_score = false;       // at `map`: later an ordinary user may not write it
  std::optional<SystemdScope> scope;  // none: crumb makes the cgroups
  std::vector<CgroupLeaf> cgroup_leaves;
  // exec: the container's process, whose cgroup of version 2 is joined where the leaf has children that were given controllers,
  // and so takes no process itself. 0: nobody's.
  int cgroup_fallback = 0;
  // create, v2: what the process joins below the leaf, whose limits it cannot change: "/app". Empty: the leaf itself.
  std::string delegated_cgroup;
  // create, v2: a uid of the host that the container's cgroup belongs to, as far as the kernel has it delegated. None: crumb's.
  std::optional<std::uint32_t> cgroup_owner;
  std::vector<CgroupWrite> cgroup_writes;
  std::optional<DeviceFilter> device_filter;
  std::string document = "config.json";  // what the places of the writes are in
  std::vector<Rlimit> rlimits;
  std::optional<int> oom_score_adj;
  std::optional<RdtGroup> rdt;                     // exec: what the process joins, directories only
  std::map<std::string, std::string> net_devices;  // name on the host, name in the container
  std::optional<oci::Scheduler> scheduler;
  std::optional<oci::IoPriority> io_priority;
  oci::Hooks hooks;           // those that run in crumb's namespaces only
  oci::CpuAffinity affinity;  // exec: of crumb itself and so of the new process, and of that once it is in its cgroups
};

// What a WebAssembly guest is given, should the program be a module; becomes wire/engine_options.h at the point `program`.
// wasm_policy.h makes it; docs/wasm.md says what it is by default, and which annotations change it.
struct WasmPolicy {
  enum class Network { none, listen, all };  // no sockets, those that were handed over, also new ones
  enum class Mode { best, interpreter, aot };
  // Where there is no compiled code yet: none is made; some is, for later starts; now, or else it is interpreted; now, or it
  // does not run.
  enum class Compile { off, background, wait, require };
  // A directory and all below it, but what is procfs, sysfs and the like.
  struct Preopen {
    std::string path;  // in the container: absolute and plain
    bool writable = true;
    std::string name = {};  // that the guest knows it by; empty: its path
    bool operator==(const Preopen&) const = default;
  };

  std::uint64_t stack = 0;             // bytes of guest stack
  std::uint64_t memory = 0;            // bytes that linear memory may grow to at most; 0: not limited by itself
  std::uint64_t memory_limit = 0;      // bytes that guest and engine may have together; 0: none
  std::uint32_t threads = 0;           // besides the first one
  std::vector<Preopen> preopens = {};  // shorter paths first
  Network network = Network::none;
  std::uint32_t listen = 0;     // sockets from descriptor 3 on
  std::uint32_t preserved = 0;  // descriptors behind them, of which the guest gets those that are sockets
  Mode mode = Mode::best;
  Compile compile = Compile::off;
  bool frames = false;  // compiled code only where it keeps frames: a trap's backtrace is whole then
};

struct Plan {
  Host host;
  std::vector<Step> steps;
  WasmPolicy wasm;
  // What the step Seccomp is to enforce. Its program is the one thing that the compiler leaves open: whoever executes the Plan
  // puts it in (linux/seccomp_filter.h).
  std::optional<oci::Seccomp> seccomp;
  // For the log: what was asked for and cannot be had, where the specification wants no error.
  std::vector<std::string> warnings;
};

// The cgroups that the process joins: the leaves, or the one below that is delegated to it.
std::vector<CgroupLeaf> joined_cgroups(const Host& host);

// The Source with this number; null: there is none. Non-const for the host, which fills in descriptors' numbers.
const Source* source_of(const std::vector<Step>& steps, std::size_t number);
Source* source_of(std::vector<Step>& steps, std::size_t number);

}  // namespace crumb::plan
