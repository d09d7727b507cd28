// stopwatch SECONDS ERRORS OUTPUT COMMAND [ARGUMENT...]: runs COMMAND with its stderr in the file ERRORS, its stdin nowhere,
// and prints "wall_ns first_ns cpu_us peak_kb status", the last as wait4 has it. OUTPUT is "first": stdout is a pipe, into
// which all that is written has to fit, and first_ns the time until something was written; or "none": stdout is nowhere, and
// first_ns 0, as it is when nothing was written. Past SECONDS the command's process group is killed.
//
// A program of its own: what wait4 says about peak memory begins with the size of the process that started the command, and a
// container that stays keeps whatever the command was given, so that must be nothing which somebody waits for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static volatile pid_t child;

static void end_command(int signal) {
  (void)signal;
  if (child > 0) kill(-child, SIGKILL);
}

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long us(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

// output: a descriptor for stdout, or -1.
static int start(char** command, const char* errors, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  if (output >= 0) {
    posix_spawn_file_actions_adddup2(&files, output, 1);
  } else {
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  }
  posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t started = 0;
  const int error = posix_spawn(&started, command[0], &files, &attributes, command, environ);
  child = started;
  return error;
}

// When something is there to be read from the pipe; 0 when the command has ended without.
static long long first_byte(int pipe) {
  const int process = pidfd_open(child, 0);
  struct pollfd waiting[] = {{.fd = pipe, .events = POLLIN}, {.fd = process, .events = POLLIN}};
  while (poll(waiting, 2, -1) < 0 && errno == EINTR) {
  }
  const long long now = now_ns();
  close(process);
  return waiting[0].revents & POLLIN ? now : 0;
}

int main(int count, char** words) {
  if (count < 5) {
    fputs("usage: stopwatch SECONDS ERRORS first|none COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  const struct sigaction ending = {.sa_handler = end_command, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &ending, NULL);
  sigaction(SIGINT, &ending, NULL);
  alarm((unsigned)atoi(words[1]));
  int status, output[2] = {-1, -1};
  struct rusage usage;
  if (strcmp(words[3], "first") == 0 && pipe2(output, O_CLOEXEC) != 0) return 2;
  const long long began = now_ns();
  const int error = start(words + 4, words[2], output[1]);
  if (error != 0) {
    fprintf(stderr, "stopwatch: %s: %s\n", words[4], strerror(error));
    return 2;
  }
  if (output[1] >= 0) close(output[1]);
  const long long first = output[0] >= 0 ? first_byte(output[0]) : 0;
  if (wait4(child, &status, 0, &usage) != child) return 2;
  const long long wall = now_ns() - began;
  printf("%lld %lld %lld %ld %d\n", wall, first > 0 ? first - began : 0, us(usage.ru_utime) + us(usage.ru_stime),
         usage.ru_maxrss, status);
  return 0;
}
