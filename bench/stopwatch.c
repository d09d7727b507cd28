// stopwatch SECONDS ERRORS COMMAND [ARGUMENT...]: runs COMMAND with its stderr in the file ERRORS, its stdin and stdout
// nowhere, and prints "wall_ns cpu_us peak_kb status", the last as wait4 has it. Past SECONDS the command's process group is
// killed.
//
// A program of its own: what wait4 says about peak memory begins with the size of the process that started the command, and a
// container that stays keeps whatever the command was given, so that must be nothing which somebody waits for.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int start(char** command, const char* errors) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t started = 0;
  const int error = posix_spawn(&started, command[0], &files, &attributes, command, environ);
  child = started;
  return error;
}

int main(int count, char** words) {
  if (count < 4) {
    fputs("usage: stopwatch SECONDS ERRORS COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  const struct sigaction ending = {.sa_handler = end_command, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &ending, NULL);
  sigaction(SIGINT, &ending, NULL);
  alarm((unsigned)atoi(words[1]));
  int status;
  struct rusage usage;
  const long long began = now_ns();
  const int error = start(words + 3, words[2]);
  if (error != 0) {
    fprintf(stderr, "stopwatch: %s: %s\n", words[3], strerror(error));
    return 2;
  }
  if (wait4(child, &status, 0, &usage) != child) return 2;
  const long long wall = now_ns() - began;
  printf("%lld %lld %ld %d\n", wall, us(usage.ru_utime) + us(usage.ru_stime), usage.ru_maxrss, status);
  return 0;
}
