// The runtime-spec's config.json (version 1.3.0, Linux) as C++ types: what crumb supports, parsed and validated.
// Unknown members are ignored (config.md, Extensibility); so are vm, solaris, windows, zos, freebsd.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/seccomp.h"
#include "oci/resources.h"

namespace crumb::oci {

inline constexpr char kSpecVersion[] = "1.3.0";

struct User {
  std::uint32_t uid = 0, gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
};

// Bit n is capability number n (kernel/capabilities.h). A set that config.json lacks is empty.
struct Capabilities {
  std::uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
};

struct Rlimit {
  int type = 0;  // RLIMIT_*
  std::uint64_t soft = 0, hard = 0;
};

// Of a terminal, in characters; 0: not given.
struct ConsoleSize {
  std::uint16_t rows = 0, columns = 0;
};

// sched_setattr(2). Times in nanoseconds.
struct Scheduler {
  std::uint32_t policy = 0;    // SCHED_*
  std::int32_t nice = 0;       // -20 to 19
  std::uint32_t priority = 0;  // of SCHED_FIFO and SCHED_RR: 1 to 99
  std::uint64_t flags = 0;     // SCHED_FLAG_*
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};

struct IoPriority {
  std::uint32_t io_class = 0;  // IOPRIO_CLASS_*
  std::uint32_t level = 0;     // 0, the highest, to 7
};

// A set of CPUs or memory nodes, in the kernel's form: bit n of word n / 64.
using BitSet = std::vector<std::uint64_t>;

// Of "0-3,7" as cpuset(7) has it, each number below `end`; blanks and empty parts are taken as runc takes them. Nothing for
// what is no such list.
std::optional<BitSet> bits_of(std::string_view text, std::uint32_t end);

// The CPUs of a process that exec makes, before and after it joins the container's cgroups; empty: not set.
struct CpuAffinity {
  BitSet initial, final_;
};

struct Process {
  bool terminal = false;
  ConsoleSize console_size;  // zero without a terminal
  std::string cwd;           // absolute
  std::vector<std::string> env;
  std::vector<std::string> args;  // never empty
  User user;
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile, selinux_label;  // empty: none
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<CpuAffinity> exec_affinity;  // means nothing to the container's own process
};

struct Root {
  std::string path;  // as written: absolute or relative to the bundle
  bool readonly = false;
};

// `size` ids from `container` on, as the user namespace (or, of an idmapped mount, its filesystem) has them, are those from
// `host` on outside.
struct IdMapping {
  std::uint32_t container = 0, host = 0, size = 0;
};

struct Mount {
  std::string destination;  // absolute; a relative one was made absolute below "/" (config.md, Mounts)
  std::string type;         // "" for a bind
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings, gid_mappings;  // of an idmapped mount: both or none
  std::string place;                                  // "mounts[3]", for messages
};

struct Namespace {
  std::uint64_t type = 0;  // CLONE_NEW*
  std::string path;        // empty: new
};

struct Device {
  std::string path;
  std::uint32_t type = 0;  // S_IFCHR, S_IFBLK or S_IFIFO
  std::uint64_t major = 0, minor = 0;
  std::optional<std::uint32_t> file_mode;
  std::uint32_t uid = 0, gid = 0;
};

// One comparison of a system call's argument.
struct SeccompArgument {
  unsigned index = 0;  // 0 to 5
  kernel::SeccompOperator op{};
  std::uint64_t value = 0, value_two = 0;
};

// What happens to these system calls, when all arguments compare.
struct SeccompRule {
  std::vector<std::string> names;  // never empty, never ""
  std::uint32_t action = 0;        // SECCOMP_RET_*, an errno or a tracer's message in the lower 16 bits
  std::vector<SeccompArgument> arguments;
};

struct Seccomp {
  std::uint32_t default_action = 0;             // as in the rules; never SECCOMP_RET_USER_NOTIF
  std::vector<std::string_view> architectures;  // kernel::kSeccompArchitectures' names; the machine's own needs no mention
  std::uint64_t flags = 0;                      // SECCOMP_FILTER_FLAG_*
  std::vector<SeccompRule> rules;
  std::string listener_path;      // absolute: the socket of the agent that some calls are notified to; empty: not given
  std::string listener_metadata;  // for the agent

  // Some calls are left to an agent, which needs the filter's listener.
  bool notifies() const {
    return std::any_of(rules.begin(), rules.end(),
                       [](const SeccompRule& rule) { return rule.action == SECCOMP_RET_USER_NOTIF; });
  }
};

// Of a clock in a new time namespace, against the host's.
struct TimeOffset {
  std::string clock;  // "monotonic" or "boottime", the kernel's words too
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

// set_mempolicy(2).
struct MemoryPolicy {
  std::uint64_t mode = 0;   // MPOL_*
  std::uint64_t flags = 0;  // MPOL_F_*
  BitSet nodes;
};

// Intel's Resource Director Technology (config-linux.md, IntelRdt).
struct IntelRdt {
  std::string clos_id;                // class of service; "/": the default one; empty: one of the container's own
  std::vector<std::string> schemata;  // lines for its file `schemata`, in order
  std::size_t compared = 0;           // how many of them, the first, a class that exists must have already
  bool monitoring = false;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings, gid_mappings;  // of a new user namespace: both; of a joined one they say nothing
  std::vector<TimeOffset> time_offsets;               // of a new time namespace only
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  std::vector<std::string> masked_paths, readonly_paths;
  std::optional<Seccomp> seccomp;
  std::optional<std::uint64_t> personality;   // PER_LINUX or PER_LINUX32
  std::uint64_t rootfs_propagation = 0;       // MS_SHARED, ... [| MS_REC]; 0: the default, slave
  std::map<std::string, std::string> sysctl;  // by name, as written: "net.ipv4.ip_forward"
  std::string mount_label;                    // empty: none
  std::optional<MemoryPolicy> memory_policy;
  std::optional<IntelRdt> intel_rdt;
  std::map<std::string, std::string> net_devices;  // name on the host, name in the container, which may hold one "%d"
};

// A program that is called at one moment of the container's life (config.md, POSIX-platform Hooks).
struct Hook {
  std::string path;               // absolute
  std::vector<std::string> args;  // never empty: its path where config.json has none
  std::vector<std::string> env;   // NAME=VALUE; all that it gets
  std::uint32_t timeout = 0;      // seconds; 0: none
};

// Each list in the order in which its hooks are called.
struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
};

// The specification's names, in the order of a container's life.
struct HookKind {
  std::string_view name;
  std::vector<Hook> Hooks::* hooks;
};
inline constexpr HookKind kHookKinds[] = {
    {"prestart", &Hooks::prestart},
    {"createRuntime", &Hooks::create_runtime},
    {"createContainer", &Hooks::create_container},
    {"startContainer", &Hooks::start_container},
    {"poststart", &Hooks::poststart},
    {"poststop", &Hooks::poststop},
};

struct Config {
  std::string name = "config.json";  // what messages call the file
  std::string oci_version;
  Root root;
  std::optional<Process> process;  // create needs none, start does (runtime.md)
  std::string hostname, domainname;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> annotations;
  Hooks hooks;
  Linux linux_;
};

// `text` is the file's content, `name` what messages call it ("config.json"). Throws support Error: `config.json: line 3,
// column 7: ...` for broken JSON, `config.json: linux.namespaces[2].type: ...` for everything else.
Config parse_config(std::string_view text, const std::string& name = "config.json");

// A process object on its own (exec --process FILE).
Process parse_process(std::string_view text, const std::string& name);

}  // namespace crumb::oci
