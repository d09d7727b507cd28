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
//   s  PROGRAM is told to "stay", and this program leaves it, its cgroups too, as soon as it runs
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kFailed = 125, kPath = 4096, kLongestFilter = 4096 };

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

static void make_root(const char* root) {
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
  must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), root);
  must(chdir(root), root);
}

static void mount_proc(void) { must(mount("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL), "proc"); }

static void mount_others(void) {
  const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
  must(mkdir("dev/pts", 0755), "dev/pts");
  must(mkdir("dev/shm", 0755), "dev/shm");
  must(mkdir("dev/mqueue", 0755), "dev/mqueue");
  must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "dev/pts");
  must(mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"), "dev/shm");
  must(mount("mqueue", "dev/mqueue", "mqueue", safe, NULL), "dev/mqueue");
  must(mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL), "sys");
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
      must(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k"), masked[i]);
    else
      must(mount("/dev/null", masked[i], NULL, MS_BIND, NULL), masked[i]);
  }
  for (size_t i = 0; i < sizeof read_only / sizeof *read_only; ++i) {
    if (stat(read_only[i], &facts) != 0) continue;
    must(mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL), read_only[i]);
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

int main(int count, char** words) {
  if (count < 5) {
    fputs("usage: floor LETTERS ROOTFS PROGRAM FILTER [CGROUP...]\n", stderr);
    return kFailed;
  }
  letters = words[1];
  char** const cgroups = words + 5;
  int placed[2];
  must(pipe2(placed, O_CLOEXEC), "pipe");
  const int filter = wanted('f') ? (int)must(open(words[4], O_RDONLY | O_CLOEXEC), words[4]) : -1;

  struct clone_args how = {.exit_signal = SIGCHLD};
  if (wanted('n')) how.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const pid_t child = (pid_t)must(syscall(SYS_clone3, &how, sizeof how), "clone3");
  if (child == 0) contained(words[2], words[3], placed[0], filter);

  // Meanwhile, as a good runtime does it.
  for (char** cgroup = cgroups; wanted('c') && *cgroup; ++cgroup) {
    make_cgroup(*cgroup);
    join_cgroup(*cgroup, child);
  }
  must(write(placed[1], "", 1), "placed");
  if (wanted('s')) {
    close(placed[0]);
    struct pollfd executed = {placed[1], 0, 0};  // the other end closes itself
    must(poll(&executed, 1, -1), "poll");
    return 0;
  }
  int status;
  must(waitpid(child, &status, 0), "wait");
  for (char** cgroup = cgroups; wanted('c') && *cgroup; ++cgroup) must(rmdir(*cgroup), *cgroup);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}
