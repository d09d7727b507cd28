// A compiler that was taken over: preloaded into crumb-aot, it stands in for a function of LLVM that is called when the module
// has been read. Its attack is $ATTACK; with $EARLY it is made before the walls are there. Exits with 77 when the attack works,
// else with 78; a process that the walls kill does neither. With $NO_NAMESPACES it may make none, as in many containers.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char attack[64], victim[256];
static int early, no_namespaces;
static pid_t parent;

static int is(const char* name) { return strcmp(attack, name) == 0; }

static int execute(void) {
  char *const arguments[] = {"/bin/sh", "-c", "exit 77", NULL}, *const nothing[] = {NULL};
  return execve(arguments[0], arguments, nothing) == 0;
}

static int works(void) {
  static char byte;
  const struct iovec own = {&byte, 1}, other = {(void*)works, 1};
  const struct rlimit limit = {1, 1};
  void* const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is("read")) return open("/etc/passwd", O_RDONLY) >= 0;
  if (is("write")) return open(victim, O_WRONLY | O_CREAT, 0666) >= 0;
  if (is("unlink")) return unlink(victim) == 0;
  if (is("socket")) return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
  if (is("execute")) return execute();
  if (is("fork")) return syscall(SYS_fork) >= 0;
  if (is("trace")) return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
  if (is("signal")) return kill(parent, 0) == 0;
  if (is("memory")) return process_vm_readv(getpid(), &own, 1, &other, 1, 0) == 1;
  if (is("memfd")) return memfd_create("x", 0) >= 0;
  if (is("namespace")) return syscall(SYS_unshare, CLONE_NEWNS) == 0;
  if (is("mount")) return mount("none", "/tmp", "tmpfs", 0, NULL) == 0 && umount2("/tmp", MNT_DETACH) == 0;
  if (is("user")) return setresuid(0, 0, 0) == 0;
  if (is("limit")) return setrlimit(RLIMIT_NPROC, &limit) == 0;
  if (is("dumpable")) return prctl(PR_SET_DUMPABLE, 1) == 0;
  if (is("duplicate")) return dup(STDERR_FILENO) >= 0;
  if (is("code")) return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  if (is("protect")) return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
  return 0;
}

__attribute__((constructor)) static void loaded(void) {
  if (!getenv("ATTACK")) return;
  strncpy(attack, getenv("ATTACK"), sizeof attack - 1);
  strncpy(victim, getenv("VICTIM"), sizeof victim - 1);
  no_namespaces = getenv("NO_NAMESPACES") != NULL;
  parent = getppid();
  early = getenv("EARLY") != NULL;
  if (early) _exit(works() ? 77 : 78);
}

// Of LLVM; called once for each module.
void* LLVMOrcCreateNewThreadSafeContext(void) {
  if (is("wait"))
    for (;;) continue;
  _exit(works() ? 77 : 78);
}

int unshare(int kinds) {
  if (no_namespaces) return errno = EPERM, -1;
  return (int)syscall(SYS_unshare, kinds);
}
