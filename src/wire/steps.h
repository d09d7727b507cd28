// The steps of a Plan as they cross from crumb to crumb-init. One definition serves the compiler (src/plan, Form = std::string
// and std::vector), the wire form, the text form and init (src/init, Form = pointers into the mapped bytes): a step's fields()
// visits its members in the order of the wire.
//
// Wire: Header, then per step u16 number (1 + position in CRUMB_STEPS) and its fields: integers as 8 bytes, Text as u32 length,
// bytes, NUL (length does not count it), List as u32 count and its items. Byte order is the machine's; nothing is aligned.
// The bytes travel in a sealed memfd whose descriptor's number is crumb-init's argv[1] in decimal.
#pragma once

#include <cstdint>

namespace crumb::wire {

inline constexpr std::uint32_t kPlanMagic = 0x504d5243;  // "CRMP"
inline constexpr std::uint32_t kPlanVersion = 4;
inline constexpr std::int32_t kNoDescriptor = -1;

struct Header {
  std::uint32_t magic = kPlanMagic;
  std::uint32_t version = kPlanVersion;
  std::uint32_t size = 0;               // of everything, this header included, bytes
  std::uint32_t steps = 0;              // their number
  std::int32_t sync = kNoDescriptor;    // socket to the host, see protocol.h
  std::int32_t start = kNoDescriptor;   // FIFO from which WaitStart reads its byte
  std::int32_t result = kNoDescriptor;  // FIFO that takes the record of a step failing after `ready`; none: the socket does
  std::int32_t times = kNoDescriptor;   // file that takes the steps' times (times.h); none: nobody asks
  std::int32_t cgroup =
      kNoDescriptor;  // of version 2: in which Fork makes the container's process, if the kernel lets it; or none
};
static_assert(sizeof(Header) == 36);

// Mount::flags
inline constexpr std::uint64_t kBind = 1;  // source is a file or directory of the host (or of the joined mount namespace)
inline constexpr std::uint64_t kBindRecursive = 2;    // with its submounts
inline constexpr std::uint64_t kRemount = 4;          // change the mount that is already at target
inline constexpr std::uint64_t kSourceNoFollow = 8;   // the source's last component must not be a symbolic link
inline constexpr std::uint64_t kTargetNoFollow = 16;  // the target's likewise: it is mounted upon, not followed
inline constexpr std::uint64_t kOptional = 32;        // a missing source is skipped (nofail)
inline constexpr std::uint64_t kCopyUp = 64;          // a new tmpfs begins with what its target held (tmpcopyup)
inline constexpr std::uint64_t kCopyLink = 128;       // a source that is a symbolic link is made again at target (copy-symlink)

// Source::idmap
inline constexpr std::uint64_t kNoIdmap = ~std::uint64_t{0};

// Opens the source of a bind with the rights that crumb has, before the namespaces change. Later steps know it by its number,
// counted from 1 in the order of these steps.
template <class F>
struct Source {
  static constexpr char kName[] = "source";
  typename F::Text path;              // absolute, on the host
  std::uint64_t flags = 0;            // kBindRecursive, kSourceNoFollow, kOptional
  std::uint64_t propagation = 0;      // as Propagation::flags: the mounts below it are still the host's own
  std::uint64_t idmap = kNoIdmap;     // descriptor of the user namespace that its ids are mapped through
  std::uint64_t idmap_recursive = 0;  // those of the mounts below, too
  static void fields(auto& self, auto&& visit) {
    visit("path", self.path), visit("flags", self.flags), visit("propagation", self.propagation);
    visit("idmap", self.idmap), visit("idmap_recursive", self.idmap_recursive);
  }
};

// The working directory is the root filesystem's (absolute path, free of links) until Root has bound it: a path to it that a
// mapped root may not walk is not needed.
template <class F>
struct EnterRoot {
  static constexpr char kName[] = "root filesystem";
  typename F::Text path;
  static void fields(auto& self, auto&& visit) { visit("path", self.path); }
};

// Of the first stage: the namespaces that must be there before the container's first process is made.
template <class F>
struct Unshare {
  static constexpr char kName[] = "new namespaces";
  std::uint64_t namespaces = 0;  // CLONE_NEWUSER, CLONE_NEWTIME
  static void fields(auto& self, auto&& visit) { visit("namespaces", self.namespaces); }
};

// User and group 0 of the user namespace that the process is in by now.
template <class F>
struct NamespaceRoot {
  static constexpr char kName[] = "root of the user namespace";
  static void fields(auto&, auto&&) {}
};

// Joins the namespaces at paths of the host, in three passes as docs/protocol says: all but user, then user, then what failed.
template <class F>
struct JoinPaths {
  static constexpr char kName[] = "join namespaces";
  typename F::template List<std::uint64_t> types;  // CLONE_NEW*, one for each path
  typename F::template List<typename F::Text> paths;
  static void fields(auto& self, auto&& visit) { visit("types", self.types), visit("paths", self.paths); }
};

// Joins namespaces of the process behind an inherited pidfd (exec).
template <class F>
struct JoinProcess {
  static constexpr char kName[] = "join the container's namespaces";
  std::uint64_t pidfd = 0;
  std::uint64_t types = 0;  // CLONE_NEW* mask
  static void fields(auto& self, auto&& visit) { visit("pidfd", self.pidfd), visit("types", self.types); }
};

// clone(CLONE_PARENT | namespaces): the child goes on with the next step, the first stage reports `pid` and leaves.
template <class F>
struct Fork {
  static constexpr char kName[] = "make the container's first process";
  std::uint64_t namespaces = 0;  // CLONE_NEW* mask; never cgroup, user or time
  static void fields(auto& self, auto&& visit) { visit("namespaces", self.namespaces); }
};

// One of protocol.h's points at which init does nothing but wait for the host. tied: also after `ready` the process, and the
// program that it becomes, dies with crumb.
template <class F>
struct Meet {
  static constexpr char kName[] = "meet the host";
  std::uint64_t point = 0;
  std::uint64_t tied = 0;
  static void fields(auto& self, auto&& visit) { visit("point", self.point), visit("tied", self.tied); }
};

// Says that it has come to this point and goes on; the answer is what Await waits for. `ready` only.
template <class F>
struct Tell {
  static constexpr char kName[] = "tell the host";
  std::uint64_t point = 0;
  static void fields(auto& self, auto&& visit) { visit("point", self.point); }
};

// Waits for what the host says at this point: to `ready`, that a Tell has said, or unasked (`placed`).
template <class F>
struct Await {
  static constexpr char kName[] = "wait for the host";
  std::uint64_t point = 0;
  static void fields(auto& self, auto&& visit) { visit("point", self.point); }
};

template <class F>
struct UnshareCgroup {
  static constexpr char kName[] = "new cgroup namespace";
  static void fields(auto&, auto&&) {}
};

template <class F>
struct Hostname {
  static constexpr char kName[] = "hostname";
  typename F::Text name;
  static void fields(auto& self, auto&& visit) { visit("name", self.name); }
};

template <class F>
struct Domainname {
  static constexpr char kName[] = "domainname";
  typename F::Text name;
  static void fields(auto& self, auto&& visit) { visit("name", self.name); }
};

// A procfs that nobody else can reach, for the steps that write to it: Keyring, Sysctl, Apparmor, Selinux (CVE-2025-52881).
template <class F>
struct Procfs {
  static constexpr char kName[] = "private procfs";
  static void fields(auto&, auto&&) {}
};

// Joins the session keyring of this name, which is made when there is none; add: bits of KEYCTL_SETPERM that it gets beyond
// what it has. label: SELinux label of a keyring that is made; empty: the kernel's choice.
template <class F>
struct Keyring {
  static constexpr char kName[] = "session keyring";
  typename F::Text name;
  typename F::Text label;
  std::uint64_t add = 0;
  static void fields(auto& self, auto&& visit) { visit("name", self.name), visit("label", self.label), visit("add", self.add); }
};

// Writes below /proc/sys. path: "net/ipv4/ip_forward".
template <class F>
struct Sysctl {
  static constexpr char kName[] = "sysctl";
  typename F::Text path;
  typename F::Text value;
  static void fields(auto& self, auto&& visit) { visit("path", self.path), visit("value", self.value); }
};

// Propagation of every mount of the namespace, before anything is mounted. flags: MS_PRIVATE, MS_SLAVE, ... with MS_REC.
template <class F>
struct Propagation {
  static constexpr char kName[] = "propagation of /";
  std::uint64_t flags = 0;
  static void fields(auto& self, auto&& visit) { visit("flags", self.flags); }
};

// Binds the root filesystem (absolute path on the host, free of links) onto itself; all later targets are resolved inside it.
// entered: it is the working directory (EnterRoot), and the path only its name. fresh: an empty tmpfs, mounted there, is the
// root instead; over "/" it hides nothing from paths that the steps resolve before Pivot.
template <class F>
struct Root {
  static constexpr char kName[] = "root filesystem";
  typename F::Text path;
  std::uint64_t entered = 0;
  std::uint64_t fresh = 0;
  static void fields(auto& self, auto&& visit) {
    visit("path", self.path), visit("entered", self.entered), visit("fresh", self.fresh);
  }
};

// Mounts on a target that is resolved inside the root and made when missing (a directory, or a file under a bind of a file).
template <class F>
struct Mount {
  static constexpr char kName[] = "mount";
  typename F::Text type;             // "proc", "tmpfs", ...; empty with kBind
  typename F::Text source;           // as given; with kBind an absolute path of the host
  std::uint64_t opened = 0;          // with kBind: the number of the Source that has opened it; 0: none has
  typename F::Text target;           // absolute, as in config.json
  typename F::Text data;             // the filesystem's own options, comma-separated
  typename F::Text label;            // SELinux's option, "context=LABEL"; "LABEL" goes to the root's inode; empty: none
  std::uint64_t flags = 0;           // k* above
  std::uint64_t superblock = 0;      // MS_RDONLY, MS_SYNCHRONOUS, ...: options of the filesystem, not of this mount
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_* of this mount
  std::uint64_t recursive_set = 0, recursive_clear = 0;  // of all mounts below too (rro, rnosuid, ...)
  typename F::template List<std::uint64_t> propagation;  // MS_SHARED, ... [| MS_REC], in order
  static void fields(auto& self, auto&& visit) {
    visit("type", self.type), visit("source", self.source), visit("opened", self.opened);
    visit("target", self.target), visit("data", self.data);
    visit("label", self.label);
    visit("flags", self.flags), visit("superblock", self.superblock), visit("set", self.set), visit("clear", self.clear);
    visit("recursive_set", self.recursive_set), visit("recursive_clear", self.recursive_clear);
    visit("propagation", self.propagation);
  }
};

// mknod, mode and owner, inside the root; an existing node of the same type and number is kept. bind: where mknod is forbidden,
// in a user namespace, the host's node at the same path, if it is one of this type and number.
template <class F>
struct Device {
  static constexpr char kName[] = "device";
  typename F::Text path;
  std::uint64_t mode = 0;  // S_IFCHR, S_IFBLK or S_IFIFO, and permissions
  std::uint64_t major = 0, minor = 0;
  std::uint64_t uid = 0, gid = 0;
  std::uint64_t bind = 0;
  static void fields(auto& self, auto&& visit) {
    visit("path", self.path), visit("mode", self.mode), visit("major", self.major), visit("minor", self.minor);
    visit("uid", self.uid), visit("gid", self.gid), visit("bind", self.bind);
  }
};

// A symbolic link inside the root; whatever is at path already is left alone.
template <class F>
struct Symlink {
  static constexpr char kName[] = "symbolic link";
  typename F::Text target;
  typename F::Text path;
  static void fields(auto& self, auto&& visit) { visit("target", self.target), visit("path", self.path); }
};

// Hides a path that exists: a file under /dev/null, a directory under an empty read-only tmpfs. A missing one is skipped.
template <class F>
struct Mask {
  static constexpr char kName[] = "mask";
  typename F::Text path;
  typename F::Text label;  // of the tmpfs, as in Mount
  static void fields(auto& self, auto&& visit) { visit("path", self.path), visit("label", self.label); }
};

// Makes a path that exists read-only by a recursive bind onto itself. A missing one is skipped.
template <class F>
struct ReadonlyPath {
  static constexpr char kName[] = "read-only path";
  typename F::Text path;
  static void fields(auto& self, auto&& visit) { visit("path", self.path); }
};

// Makes the root the process's "/" and detaches the host's tree. move: MS_MOVE and chroot (--no-pivot) instead of pivot_root.
template <class F>
struct Pivot {
  static constexpr char kName[] = "change the root";
  std::uint64_t move = 0;
  std::uint64_t readonly = 0;     // root.readonly: the mount "/" becomes read-only
  std::uint64_t propagation = 0;  // of "/" and all below, afterwards: MS_SHARED, ... | MS_REC; 0: as it is
  static void fields(auto& self, auto&& visit) {
    visit("move", self.move), visit("readonly", self.readonly), visit("propagation", self.propagation);
  }
};

// A session of its own: the caller's terminal is not the program's, neither its signals nor its input queue (TIOCSTI).
template <class F>
struct Session {
  static constexpr char kName[] = "new session";
  static void fields(auto&, auto&&) {}
};

// A pseudo-terminal of the devpts on /dev/pts inside the root: it becomes stdin, stdout, stderr and the controlling terminal of
// the session, its master goes to the host (point console).
template <class F>
struct Terminal {
  static constexpr char kName[] = "terminal";
  std::uint64_t uid = 0;                // its owner
  std::uint64_t rows = 0, columns = 0;  // both 0: nobody knows yet
  std::uint64_t console = 0;            // it is mounted on /dev/console too
  static void fields(auto& self, auto&& visit) {
    visit("uid", self.uid), visit("rows", self.rows), visit("columns", self.columns), visit("console", self.console);
  }
};

// Gives the user those of stdin, stdout and stderr that are pipes: /dev/stdout can be opened then. Never anything else: files
// and devices of the host that crumb was started on are not the container's.
template <class F>
struct Streams {
  static constexpr char kName[] = "owner of stdin, stdout and stderr";
  std::uint64_t uid = 0;
  static void fields(auto& self, auto&& visit) { visit("uid", self.uid); }
};

template <class F>
struct BoundingSet {
  static constexpr char kName[] = "capability bounding set";
  std::uint64_t keep = 0;  // bit n: capability n
  static void fields(auto& self, auto&& visit) { visit("keep", self.keep); }
};

// Makes the working directory when it is missing, with init's rights (before the user's).
template <class F>
struct MakeDirectory {
  static constexpr char kName[] = "make the working directory";
  typename F::Text path;
  static void fields(auto& self, auto&& visit) { visit("path", self.path); }
};

// setgroups, setresgid, setresuid, with the permitted capabilities kept. keep_groups: without setgroups, which the user
// namespace denies.
template <class F>
struct Credentials {
  static constexpr char kName[] = "user";
  std::uint64_t uid = 0, gid = 0;
  typename F::template List<std::uint64_t> groups;
  std::uint64_t keep_groups = 0;
  static void fields(auto& self, auto&& visit) {
    visit("uid", self.uid), visit("gid", self.gid), visit("groups", self.groups), visit("keep_groups", self.keep_groups);
  }
};

// until_exec: effective beyond the others for what init still has to do; exec, which makes the sets anew from the bounding,
// inheritable and ambient ones and from the file (capabilities(7)), takes it away.
template <class F>
struct Capabilities {
  static constexpr char kName[] = "capabilities";
  std::uint64_t effective = 0, permitted = 0, inheritable = 0, ambient = 0;
  std::uint64_t until_exec = 0;
  static void fields(auto& self, auto&& visit) {
    visit("effective", self.effective), visit("permitted", self.permitted), visit("inheritable", self.inheritable);
    visit("ambient", self.ambient), visit("until_exec", self.until_exec);
  }
};

template <class F>
struct Umask {
  static constexpr char kName[] = "umask";
  std::uint64_t mask = 0;
  static void fields(auto& self, auto&& visit) { visit("mask", self.mask); }
};

// personality(2): what uname tells, mostly.
template <class F>
struct Personality {
  static constexpr char kName[] = "personality";
  std::uint64_t domain = 0;  // PER_*
  static void fields(auto& self, auto&& visit) { visit("domain", self.domain); }
};

// set_mempolicy(2), behind `placed`: the cpuset says which nodes there are.
template <class F>
struct MemoryPolicy {
  static constexpr char kName[] = "memory policy";
  std::uint64_t mode = 0;                          // MPOL_*, with MPOL_F_*
  typename F::template List<std::uint64_t> nodes;  // bit n of word n / 64: node n
  static void fields(auto& self, auto&& visit) { visit("mode", self.mode), visit("nodes", self.nodes); }
};

// chdir with the user's rights; what getcwd then says must lie inside the root.
template <class F>
struct Directory {
  static constexpr char kName[] = "working directory";
  typename F::Text path;
  static void fields(auto& self, auto&& visit) { visit("path", self.path); }
};

// Finds argv[0] with the user's rights (PATH of environment, working directory) and asks the host when it is a module (point
// program). home: add HOME from the container's /etc/passwd, "/" when the user is not in it. listen_pid: add LISTEN_PID.
// module: not empty: it must be a module, as this annotation says; else ENOEXEC. opened: not 0: the program is the module that
// the host has opened under this descriptor's number, whatever it is called.
template <class F>
struct Program {
  static constexpr char kName[] = "program";
  typename F::template List<typename F::Text> arguments;
  typename F::template List<typename F::Text> environment;  // NAME=value
  std::uint64_t home = 0, listen_pid = 0;
  typename F::Text module;
  std::uint64_t opened = 0;
  static void fields(auto& self, auto&& visit) {
    visit("arguments", self.arguments), visit("environment", self.environment), visit("home", self.home);
    visit("listen_pid", self.listen_pid), visit("module", self.module), visit("opened", self.opened);
  }
};

// Makes every descriptor from `first` on close-on-exec, but those of the engine.
template <class F>
struct CloseDescriptors {
  static constexpr char kName[] = "close descriptors";
  std::uint64_t first = 3;
  static void fields(auto& self, auto&& visit) { visit("first", self.first); }
};

// The profile and the label that the program has from exec on.
template <class F>
struct Apparmor {
  static constexpr char kName[] = "AppArmor profile";
  typename F::Text profile;
  static void fields(auto& self, auto&& visit) { visit("profile", self.profile); }
};

template <class F>
struct Selinux {
  static constexpr char kName[] = "SELinux label";
  typename F::Text label;
  static void fields(auto& self, auto&& visit) { visit("label", self.label); }
};

template <class F>
struct NoNewPrivileges {
  static constexpr char kName[] = "no_new_privs";
  static void fields(auto&, auto&&) {}
};

// Loads the container's filter. From here on init makes no call but read, write, execve(at) and exit_group: the filter may know
// no other. With SECCOMP_FILTER_FLAG_NEW_LISTENER the host is told the listener's number (point seccomp), and takes it by
// pidfd_getfd(2). dumpable: for which the process must be dumpable until its exec, as the host has no privilege.
template <class F>
struct Seccomp {
  static constexpr char kName[] = "seccomp filter";
  std::uint64_t flags = 0;                           // SECCOMP_FILTER_FLAG_*
  typename F::template List<std::uint64_t> program;  // one struct sock_filter each
  std::uint64_t dumpable = 0;
  static void fields(auto& self, auto&& visit) {
    visit("flags", self.flags), visit("program", self.program), visit("dumpable", self.dumpable);
  }
};

// Reads one byte from Header::start.
template <class F>
struct WaitStart {
  static constexpr char kName[] = "wait for start";
  static void fields(auto&, auto&&) {}
};

// Runs a hook of config.json in the container's namespaces to its end: a process in a group of its own, with the state as its
// stdin and no descriptor but 0, 1 and 2. What does not exit with 0 is a failure. as_program: the hook has the container's
// root, and its process goes through the steps that are left, hooks excepted, to be executed in the program's place; else the
// root is the one that init has, which is still the host's.
template <class F>
struct Hook {
  static constexpr char kName[] = "hook";
  typename F::Text kind;    // "createContainer"
  std::uint64_t index = 0;  // among those of its kind
  typename F::Text path;
  typename F::template List<typename F::Text> arguments;
  typename F::template List<typename F::Text> environment;  // NAME=value
  std::uint64_t timeout = 0;                                // seconds, then it is killed; 0: never
  typename F::Text state_before, state_after;  // JSON, between which init writes `,"pid":N`: its own number for itself
  std::uint64_t out = 0, err = 0;              // descriptors for its stdout and stderr; 0: kept for the message
  std::uint64_t as_program = 0;
  static void fields(auto& self, auto&& visit) {
    visit("kind", self.kind), visit("index", self.index), visit("path", self.path);
    visit("arguments", self.arguments), visit("environment", self.environment), visit("timeout", self.timeout);
    visit("state_before", self.state_before), visit("state_after", self.state_after);
    visit("out", self.out), visit("err", self.err), visit("as_program", self.as_program);
  }
};

// Executes what Program found.
template <class F>
struct Exec {
  static constexpr char kName[] = "exec";
  static void fields(auto&, auto&&) {}
};

// Every step, in the order of its number on the wire.
// clang-format off
#define CRUMB_STEPS(X)                                                                                                         \
  X(JoinPaths) X(JoinProcess) X(Fork) X(Meet) X(UnshareCgroup) X(Hostname) X(Domainname) X(Procfs) X(Keyring)                  \
  X(Sysctl) X(Propagation) X(Root) X(Mount) X(Device) X(Symlink) X(Mask) X(ReadonlyPath) X(Pivot) X(BoundingSet)               \
  X(MakeDirectory) X(Credentials) X(Capabilities) X(Umask) X(Personality) X(Directory) X(Program) X(CloseDescriptors)          \
  X(Apparmor) X(Selinux) X(NoNewPrivileges) X(Seccomp) X(WaitStart) X(Exec) X(Source) X(EnterRoot) X(Unshare)                  \
  X(NamespaceRoot) X(Session) X(Terminal) X(Streams) X(MemoryPolicy) X(Hook) X(Tell) X(Await)
// clang-format on

enum class StepNumber : std::uint16_t {
  none = 0,
#define CRUMB_STEP_NUMBER(name) name,
  CRUMB_STEPS(CRUMB_STEP_NUMBER)
#undef CRUMB_STEP_NUMBER
};

}  // namespace crumb::wire
