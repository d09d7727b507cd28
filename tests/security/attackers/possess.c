// possess PID CALL: as somebody who has got native code into a running process, has it make one system call and prints how that
// ended: "returned N", "exited N" or "killed N". possess --first CALL PROGRAM [ARGUMENT...] does it to a program that it
// starts, before its first instruction.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/personality.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char* what) {
  perror(what);
  exit(1);
}

enum { kMemory = 1 << 20 };  // in an argument: that offset in the bytes below, as an address in the process
#define AT(offset) (kMemory + (offset))

static const struct call {
  const char* name;
  long number, arguments[6];
  char bytes[16];
} calls[] = {
    {"execve", SYS_execve, {AT(0)}, "/proc/self/exe"},
    {"execveat", SYS_execveat, {AT_FDCWD, AT(0)}, "/proc/self/exe"},
    {"mmap", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}, ""},
    {"mprotect", SYS_mprotect, {AT(0), 4096, PROT_READ | PROT_WRITE | PROT_EXEC}, ""},
    {"socket", SYS_socket, {AF_INET, SOCK_STREAM}, ""},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, AT(0)}, ""},
    {"fork", SYS_clone, {CLONE_NEWUSER | CLONE_FS | SIGCHLD}, ""},  // two that the kernel refuses together: no process stays
    {"clone3", SYS_clone3, {AT(0), 0}, ""},
    {"unshare", SYS_unshare, {CLONE_NEWUTS}, ""},
    {"setns", SYS_setns, {-1, 0}, ""},
    {"ptrace", SYS_ptrace, {PTRACE_PEEKDATA, 1}, ""},
    {"process_vm_writev", SYS_process_vm_writev, {1}, ""},
    {"process_vm_readv", SYS_process_vm_readv, {1}, ""},
    {"pidfd_open", SYS_pidfd_open, {1}, ""},
    {"kill", SYS_kill, {1, 0}, ""},
    {"tgkill", SYS_tgkill, {1, 1, 0}, ""},
    {"io_uring_setup", SYS_io_uring_setup, {1, AT(0)}, ""},
    {"userfaultfd", SYS_userfaultfd, {0}, ""},
    {"bpf", SYS_bpf, {BPF_MAP_CREATE, AT(0), 16}, "\2\0\0\0\4\0\0\0\4\0\0\0\1"},  // an array of one
    {"perf_event_open", SYS_perf_event_open, {AT(0), 0, -1, -1}, ""},
    {"fsopen", SYS_fsopen, {AT(0)}, "tmpfs"},
    {"mount", SYS_mount, {0, AT(0)}, "/nowhere"},
    {"chroot", SYS_chroot, {AT(0)}, "/"},
    {"open_by_handle_at", SYS_open_by_handle_at, {-1, AT(0)}, ""},
    {"name_to_handle_at", SYS_name_to_handle_at, {-1}, ""},
    {"memfd_create", SYS_memfd_create, {AT(0)}, "memory"},
    {"personality", SYS_personality, {READ_IMPLIES_EXEC}, ""},
    {"prctl", SYS_prctl, {4 /* PR_SET_DUMPABLE */, 1}, ""},
    {"setuid", SYS_setuid, {0}, ""},
    {"keyctl", SYS_keyctl, {0, -3}, ""},
    {"prlimit64", SYS_prlimit64, {0, 7, AT(0)}, ""},
    {"sigaction", SYS_rt_sigaction, {SIGSYS, 0, 0, 8}, ""},
    {"ioctl", SYS_ioctl, {0, 0x5412 /* TIOCSTI */, AT(0)}, "x"},
    {"chmod", SYS_fchmodat, {AT_FDCWD, AT(0), 0}, "/nowhere"},
    {"mknod", SYS_mknodat, {AT_FDCWD, AT(0), 0}, "/nowhere/x"},
    {"open", SYS_openat, {AT_FDCWD, AT(0), O_RDONLY}, "/"},
    {"write", SYS_openat, {AT_FDCWD, AT(0), O_WRONLY}, "/"},
    {"make", SYS_mkdirat, {AT_FDCWD, AT(0), 0755}, "/"},
    {"getsockopt", SYS_getsockopt, {-1}, ""},
    {"nothing", SYS_getpid, {0}, ""},
};

static const struct call* find(const char* name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i)
    if (strcmp(calls[i].name, name) == 0) return &calls[i];
  fprintf(stderr, "possess: no call is named %s\n", name);
  exit(1);
}

// The address of a `syscall` instruction in the process's first executable mapping.
static unsigned long find_instruction(int pid) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE* maps = fopen(path, "r");
  unsigned long start, end;
  char rights[5];
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 || rights[2] != 'x') continue;
    unsigned char* text = malloc(end - start);
    struct iovec local = {text, end - start}, remote = {(void*)start, end - start};
    const ssize_t size = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    for (ssize_t i = 0; i + 1 < size; ++i)
      if (text[i] == 0x0f && text[i + 1] == 0x05) return start + i;
  }
  die("no system call instruction");
  return 0;
}

static void write_memory(int pid, unsigned long address, const char* bytes) {
  char copy[64] = "";
  memcpy(copy, bytes, sizeof calls->bytes);
  struct iovec local = {copy, sizeof copy}, remote = {(void*)address, sizeof copy};
  if (process_vm_writev(pid, &local, 1, &remote, 1, 0) < 0) die("process_vm_writev");
}

static int report(int status) {
  if (WIFEXITED(status)) return printf("exited %d\n", WEXITSTATUS(status)), 0;
  return printf("killed %d\n", WTERMSIG(status)), 0;
}

// The process is stopped.
static int make(int pid, const struct call* call) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) die("PTRACE_GETREGS");
  const unsigned long memory = (registers.rsp - 8192) & ~4095UL;  // below what is in use
  write_memory(pid, memory, call->bytes);
  unsigned long arguments[6];
  for (int i = 0; i < 6; ++i)
    arguments[i] = call->arguments[i] >= kMemory && call->arguments[i] < kMemory + 64 ? memory + call->arguments[i] - kMemory
                                                                                      : (unsigned long)call->arguments[i];
  registers.rip = find_instruction(pid);
  registers.orig_rax = -1UL;  // what was interrupted is not begun again
  registers.rax = call->number;
  registers.rdi = arguments[0], registers.rsi = arguments[1], registers.rdx = arguments[2];
  registers.r10 = arguments[3], registers.r8 = arguments[4], registers.r9 = arguments[5];
  registers.rsp = memory;
  if (ptrace(PTRACE_SETREGS, pid, 0, &registers) != 0) die("PTRACE_SETREGS");

  int status = 0, number = 0;
  long request = PTRACE_SINGLESTEP;
  for (;;) {
    if (ptrace(request, pid, 0, number) != 0 || waitpid(pid, &status, __WALL) != pid) die("ptrace");
    if (!WIFSTOPPED(status)) return report(status);
    const int is_signal = status >> 16 == 0, is_step = is_signal && WSTOPSIG(status) == SIGTRAP;
    if (is_step && request == PTRACE_SINGLESTEP) break;
    number = is_signal && !is_step ? WSTOPSIG(status) : 0;
    if (number == SIGSYS) request = PTRACE_CONT;  // to its end
  }
  if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) die("PTRACE_GETREGS");
  return printf("returned %lld\n", (long long)registers.rax), 0;
}

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  const struct call* call = find(argv[2]);
  int status = 0;
  if (strcmp(argv[1], "--first") != 0) {
    const int pid = atoi(argv[1]);
    if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXEC) != 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0) die("PTRACE_SEIZE");
    if (waitpid(pid, &status, __WALL) != pid) die("waitpid");
    return make(pid, call);
  }
  const int pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[3], argv + 3);
    _exit(127);
  }
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) die("the program did not start");
  make(pid, call);
  kill(pid, SIGKILL);
  return 0;
}
