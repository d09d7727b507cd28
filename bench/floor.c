// What the kernel takes for a container, with nothing of a runtime: the floor that runtimes are measured against.
//
//   floor LETTERS ROOTFS PROGRAM FILTER [CGROUP...]
//
// runs PROGRAM (a path inside ROOTFS) and gives its exit code. Each letter adds one part of Docker's default container; a
// letter may need those before it:
//
//   n  new pid, mount, network, ipc, uts and cgroup namespaces
//   r  the root: ROOTFS bound and pivoted to, /proc
//   m  the other mounts: /dev, /dev/pts, /dev/shm, /dev/mqueue, /sys
//   d  device nodes and links in /dev
//   p  masked and read-only paths
//   c  the directories CGROUP (one in each hierarchy) made, joined and removed, with Docker's device rules on version 1
//   k  the bounding set and the capabilities
//   f  FILTER, a file of compiled BPF, as seccomp filter
// What crumb promises beyond that (docs/security.md, docs/lifecycle.md), as cheaply as the kernel does it:
//
//   i  the container's side is a program of its own, this one again, executed from a read-only mount that nobody else sees
//   o  each place below ROOTFS is found by openat2 before something is mounted there, and again after it
//   t  whoever comes later can tell what there is and remove it: a locked directory beside FILTER with a copy of the
//      configuration, the state, written twice, and two FIFOs; removed at the end
//
//   s  PROGRAM is told to "stay", and this program leaves it, its cgroups too, as soon as it runs
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kFailed = 125, kPath = 4096, kLongestFilter = 4096, kConfiguration = 9000, kState = 1400 };
enum {
  kMountId = 0x1000,
  kTreeClone = 1,
  kReadOnly = 1
};  // STATX_MNT_ID, OPEN_TREE_CLONE, MOUNT_ATTR_RDONLY: not in every libc

static const char* letters;
static int wanted(char letter) { return strchr(letters, letter) != NULL; }

static long must(long result, const char* what) {
  if (result < 0) {
    perror(what);
    _exit(kFailed);
  }
  return result;
}

static void write_file(const char* path, const char* text) {
  const int file = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(file, text, strlen(text)), path);
  close(file);
}

static const char* inside(const char* folder, const char* name) {
  static char path[kPath];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

// Letter t.

static int state_directory, state_parent;

static void record(const char* name, size_t size) {
  static const char text[kConfiguration];
  const int file = (int)must(openat(state_directory, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), name);
  must(write(file, text, size), name);
  must(renameat(state_directory, "new", state_directory, name), name);
  close(file);
}

static const char* const fifos[] = {"start", "result"};

static void make_state(const char* filter) {
  char folder[kPath];
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(filter, '/') - filter), filter);
  state_parent = (int)must(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), folder);
  must(mkdirat(state_parent, "floor", 0700), "state");
  state_directory = (int)must(openat(state_parent, "floor", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "state");
  must(flock(state_directory, LOCK_EX), "lock");
  for (size_t i = 0; i < sizeof fifos / sizeof *fifos; ++i) {
    must(mknodat(state_directory, fifos[i], S_IFIFO | 0600, 0), fifos[i]);
    must(openat(state_directory, fifos[i], O_RDWR | O_CLOEXEC), fifos[i]);
  }
}

static void remove_state(void) {
  static const char* const names[] = {"config", "state", "start", "result"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) must(unlinkat(state_directory, names[i], 0), names[i]);
  must(unlinkat(state_parent, "floor", AT_REMOVEDIR), "state");
}

// The cgroups.

static void inherit(const char* cgroup, const char* name) {
  char text[kPath], parent[kPath];
  snprintf(parent, sizeof parent, "%s/../%s", cgroup, name);
  const int file = open(parent, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  text[must(read(file, text, sizeof text - 1), parent)] = 0;
  close(file);
  write_file(inside(cgroup, name), text);
}

static void limit_devices(const char* cgroup) {
  static const char* const allowed[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm",   "c 1:7 rwm", "c 1:8 rwm",
                                        "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm", "c 5:1 rwm"};
  if (access(inside(cgroup, "devices.deny"), F_OK) != 0) return;
  write_file(inside(cgroup, "devices.deny"), "a");
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; ++i) write_file(inside(cgroup, "devices.allow"), allowed[i]);
}

static void make_cgroup(const char* cgroup) {
  must(mkdir(cgroup, 0755), cgroup);
  if (strstr(cgroup, "/cpuset/")) {
    inherit(cgroup, "cpuset.cpus");
    inherit(cgroup, "cpuset.mems");
  }
  limit_devices(cgroup);
}

static void join_cgroup(const char* cgroup, pid_t pid) {
  char number[16];
  snprintf(number, sizeof number, "%d", pid);
  write_file(inside(cgroup, "cgroup.procs"), number);
}

// The container's side.

// Letter o. The working directory is the root.
static void look_at(const char* path) {
  if (!wanted('o')) return;
  const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  struct statx facts;
  const int place = (int)must(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how), path);
  must(statx(place, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | kMountId, &facts), path);
  close(place);
}

static void mount_at(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  look_at(target);
  must(mount(source, target, type, flags, data), target);
  look_at(target);
}

static void make_root(const char* root) {
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
  must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), root);
  must(chdir(root), root);
}

static void mount_proc(void) { mount_at("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL); }

static void mount_others(void) {
  const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  mount_at("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  must(mkdir("dev/pts", 0755), "dev/pts");
  must(mkdir("dev/shm", 0755), "dev/shm");
  must(mkdir("dev/mqueue", 0755), "dev/mqueue");
  mount_at("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
  mount_at("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k");
  mount_at("mqueue", "dev/mqueue", "mqueue", safe, NULL);
  mount_at("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL);
}

static void make_nodes(void) {
  static const struct {
    const char* path;
    unsigned major, minor;
  } nodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
               {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  static const char* const links[][2] = {{"/proc/self/fd", "dev/fd"},
                                         {"/proc/self/fd/0", "dev/stdin"},
                                         {"/proc/self/fd/1", "dev/stdout"},
                                         {"/proc/self/fd/2", "dev/stderr"},
                                         {"pts/ptmx", "dev/ptmx"}};
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; ++i)
    must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
  for (size_t i = 0; i < sizeof links / sizeof *links; ++i) must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void protect_paths(void) {
  static const char* const masked[] = {"proc/acpi",          "proc/asound", "proc/kcore",      "proc/keys",
                                       "proc/latency_stats", "proc/scsi",   "proc/timer_list", "proc/timer_stats",
                                       "proc/sched_debug",   "sys/firmware"};
  static const char* const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
  struct stat facts;
  for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) {
    if (stat(masked[i], &facts) != 0) continue;
    if (S_ISDIR(facts.st_mode))
      mount_at("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k");
    else
      mount_at("/dev/null", masked[i], NULL, MS_BIND, NULL);
  }
  for (size_t i = 0; i < sizeof read_only / sizeof *read_only; ++i) {
    if (stat(read_only[i], &facts) != 0) continue;
    mount_at(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL);
    must(mount(NULL, read_only[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL),
         read_only[i]);
  }
}

static void enter_root(void) {
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount");
  must(chdir("/"), "/");
  must(sethostname("floor", 5), "hostname");
}

static const unsigned kDocker[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FSETID,  CAP_FOWNER,           CAP_MKNOD,      CAP_NET_RAW, CAP_SETGID,
    CAP_SETUID, CAP_SETFCAP,      CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL,    CAP_AUDIT_WRITE};

static unsigned long long docker_capabilities(void) {
  unsigned long long set = 0;
  for (size_t i = 0; i < sizeof kDocker / sizeof *kDocker; ++i) set |= 1ULL << kDocker[i];
  return set;
}

static void bound_capabilities(void) {
  for (unsigned capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if ((docker_capabilities() >> capability & 1) == 0) must(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "bounding set");
}

static void set_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const unsigned low = (unsigned)docker_capabilities(), high = (unsigned)(docker_capabilities() >> 32);
  const struct __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
  must(syscall(SYS_capset, &header, data), "capset");
}

static void load_filter(int file) {
  static struct sock_filter instructions[kLongestFilter];
  const long size = must(read(file, instructions, sizeof instructions), "filter");
  const struct sock_fprog program = {(unsigned short)(size / (long)sizeof *instructions), instructions};
  must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void contained(const char* root, const char* program, int placed, int filter) {
  char byte;
  if (wanted('r')) make_root(root);
  if (wanted('m')) mount_others();
  if (wanted('d')) make_nodes();
  if (wanted('r')) mount_proc();
  if (wanted('p')) protect_paths();
  if (wanted('r')) enter_root();
  must(read(placed, &byte, 1), "placed");
  if (wanted('n')) must(unshare(CLONE_NEWCGROUP), "cgroup namespace");
  if (wanted('k')) bound_capabilities();
  if (wanted('f')) load_filter(filter);
  if (wanted('k')) set_capabilities();
  char* const arguments[] = {(char*)(wanted('r') ? program : inside(root, program)), wanted('s') ? "stay" : NULL, NULL};
  execv(arguments[0], arguments);
  perror(arguments[0]);
  _exit(kFailed);
}

// Letter i: this program, from a mount that has no place.
static int own_program(void) {
  unsigned long long attributes[4] = {kReadOnly};  // struct mount_attr
  const int program = (int)must(syscall(SYS_open_tree, AT_FDCWD, "/proc/self/exe", kTreeClone | O_CLOEXEC), "open_tree");
  must(syscall(SYS_mount_setattr, program, "", AT_EMPTY_PATH, attributes, sizeof attributes), "mount_setattr");
  return program;
}

// Its first word then holds its two descriptors.
static void execute_again(int program, char** words, int placed, int filter) {
  char descriptors[32];
  snprintf(descriptors, sizeof descriptors, "-%d,%d", placed, filter);
  must(fcntl(placed, F_SETFD, 0), "placed");
  if (filter >= 0) must(fcntl(filter, F_SETFD, 0), "filter");
  words[0] = descriptors;
  must(syscall(SYS_execveat, program, "", words, environ, AT_EMPTY_PATH), "execveat");
}

static void go_on(char** words) {
  int placed = -1, filter = -1;
  if (sscanf(words[0], "-%d,%d", &placed, &filter) != 2) _exit(kFailed);
  contained(words[2], words[3], placed, filter);
}

int main(int count, char** words) {
  if (count < 5) {
    fputs("usage: floor LETTERS ROOTFS PROGRAM FILTER [CGROUP...]\n", stderr);
    return kFailed;
  }
  letters = words[1];
  if (words[0][0] == '-') go_on(words);
  char** const cgroups = words + 5;
  int placed[2];
  must(pipe2(placed, O_CLOEXEC), "pipe");
  const int filter = wanted('f') ? (int)must(open(words[4], O_RDONLY | O_CLOEXEC), words[4]) : -1;

  const int program = wanted('i') ? own_program() : -1;
  if (wanted('t')) make_state(words[4]);
  struct clone_args how = {.exit_signal = SIGCHLD};
  if (wanted('n')) how.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const pid_t child = (pid_t)must(syscall(SYS_clone3, &how, sizeof how), "clone3");
  if (child == 0) {
    if (program >= 0) execute_again(program, words, placed[0], filter);
    contained(words[2], words[3], placed[0], filter);
  }

  // Meanwhile, as a good runtime does it.
  if (wanted('t')) record("config", kConfiguration), record("state", kState);
  for (char** cgroup = cgroups; wanted('c') && *cgroup; ++cgroup) {
    make_cgroup(*cgroup);
    join_cgroup(*cgroup, child);
  }
  must(write(placed[1], "", 1), "placed");
  if (wanted('t')) record("state", kState);
  if (wanted('s')) {
    close(placed[0]);
    struct pollfd executed = {placed[1], 0, 0};  // the other end closes itself
    must(poll(&executed, 1, -1), "poll");
    return 0;
  }
  int status;
  must(waitpid(child, &status, 0), "wait");
  for (char** cgroup = cgroups; wanted('c') && *cgroup; ++cgroup) must(rmdir(*cgroup), *cgroup);
  if (wanted('t')) remove_state();
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}
