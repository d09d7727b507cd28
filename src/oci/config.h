// The runtime-spec's config.json (version 1.3.0, Linux) as C++ types: what crumb supports, parsed and validated.
// Members that the specification defines and crumb does not support yet are refused by parse_config() with the place and one
// clear sentence; unknown members are ignored (config.md, Extensibility); vm, solaris, windows, zos, freebsd are ignored.
#pragma once

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
  std::uint32_t default_action = 0;             // as in the rules
  std::vector<std::string_view> architectures;  // kernel::kSeccompArchitectures' names; the machine's own needs no mention
  std::uint64_t flags = 0;                      // SECCOMP_FILTER_FLAG_*
  std::vector<SeccompRule> rules;
};

// Of a clock in a new time namespace, against the host's.
struct TimeOffset {
  std::string clock;  // "monotonic" or "boottime", the kernel's words too
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
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
};

struct Config {
  std::string name = "config.json";  // what messages call the file
  std::string oci_version;
  Root root;
  std::optional<Process> process;  // create needs none, start does (runtime.md)
  std::string hostname, domainname;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> annotations;
  Linux linux_;
};

// `text` is the file's content, `name` what messages call it ("config.json"). Throws support Error: `config.json: line 3,
// column 7: ...` for broken JSON, `config.json: linux.namespaces[2].type: ...` for everything else.
Config parse_config(std::string_view text, const std::string& name = "config.json");

// A process object on its own (exec --process FILE).
Process parse_process(std::string_view text, const std::string& name);

}  // namespace crumb::oci
