// peek STOP: a hostile root in a container looks for processes that are still crumb-init, on their way to become an exec's
// program, and tries what it can to get at the host's secrets in them, until the file STOP is there. Prints what it got; at the
// end how many times it met one.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_init(int pid) {
  char path[64], line[16] = "";
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return 0;
  ssize_t size = read(fd, line, sizeof line - 1);
  close(fd);
  return size > 0 && strcmp(line, "crumb-init") == 0;
}

// What was got counts only if the process has not become the program meanwhile: that one is the container's own.
static void report(int pid, const char* what) {
  if (is_init(pid)) printf("%s\n", what);
}

static void read_environment(int pid) {
  char path[64], byte;
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return;
  if (read(fd, &byte, 1) >= 0) report(pid, "environ");
  close(fd);
}

static void read_memory(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return;
  report(pid, "mem");
  close(fd);
}

static void follow_executable(int pid) {
  char path[64], target[256];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (readlink(path, target, sizeof target) > 0) report(pid, "exe");
}

// Their numbers are no secret to root; where they lead is.
static void follow_descriptors(int pid) {
  char path[64], target[256];
  for (int fd = 0; fd < 20; ++fd) {
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    if (readlink(path, target, sizeof target) > 0) report(pid, "fd");
  }
}

// Seized, not attached: what has become the program meanwhile must not be left stopped.
static void attach(int pid) {
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0) return;
  ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  waitpid(pid, NULL, __WALL);
  report(pid, "ptrace");
  ptrace(PTRACE_DETACH, pid, 0, 0);
}

int main(int count, char** arguments) {
  unsigned long met = 0;
  if (count != 2) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (access(arguments[1], F_OK) < 0) {
    DIR* proc = opendir("/proc");
    for (struct dirent* entry; proc && (entry = readdir(proc));) {
      int pid = atoi(entry->d_name);
      if (pid == 0 || !is_init(pid)) continue;
      ++met;
      read_environment(pid);
      read_memory(pid);
      follow_executable(pid);
      follow_descriptors(pid);
      attach(pid);
    }
    if (proc) closedir(proc);
  }
  printf("met %lu\n", met);
  return 0;
}
