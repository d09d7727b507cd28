// Tries to open files of procfs and sysfs in every way it knows and prints how many opens succeeded. argv[1], if given, is a
// writable directory in which it makes links; further arguments are paths to try as they are.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static int tried, opened;
static void attempt_at(int directory, const char* path, int flags) {
  const int file = openat(directory, path, flags);
  ++tried;
  if (file < 0) return;
  ++opened;
  fprintf(stderr, "opened %s (%d)\n", path, flags);
  close(file);
}
static void attempt(const char* path) {
  attempt_at(AT_FDCWD, path, O_RDONLY);
  attempt_at(AT_FDCWD, path, O_RDWR);
  attempt_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}
static const char* const kPaths[] = {
    "/proc/self/mem",
    "/proc/self/maps",
    "/proc/self/environ",
    "/proc/1/mem",
    "/proc/1/root/etc/passwd",
    "/proc/version",
    "/proc",
    "/proc/",
    "/proc/self",
    "/proc/self/fd",
    "/proc/sys/kernel/hostname",
    "/proc/../proc/self/mem",
    "/tmp/../proc/self/mem",
    "../proc/self/mem",
    "../../proc/self/mem",
    "../../../proc/self/mem",
    "/sys",
    "/sys/kernel",
    "/sys/kernel/uevent_seqnum",
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/cgroup.procs",
    "/dev/fd/0",
    "/dev/stdin",
};
static void attempt_links(const char* where) {
  static const char* const targets[] = {"/proc/self/mem", "/proc", "../proc/self/mem", "../../../../proc/version",
                                        "/proc/self"};
  char link[256], below[300];
  for (unsigned i = 0; i < sizeof targets / sizeof *targets; ++i) {
    snprintf(link, sizeof link, "%s/link%u", where, i);
    unlink(link);
    if (symlink(targets[i], link)) continue;
    attempt(link);
    snprintf(below, sizeof below, "%s/", link);
    attempt(below);
    snprintf(below, sizeof below, "%s/mem", link);
    attempt(below);
    snprintf(below, sizeof below, "%s/self/mem", link);
    attempt(below);
    unlink(link);
  }
}
int main(int argc, char** argv) {
  for (unsigned i = 0; i < sizeof kPaths / sizeof *kPaths; ++i) attempt(kPaths[i]);
  for (int directory = 3; directory < 40; ++directory) {
    attempt_at(directory, "proc/self/mem", O_RDWR);
    attempt_at(directory, "self/mem", O_RDWR);
    attempt_at(directory, "../proc/self/mem", O_RDWR);
  }
  if (argc > 1) attempt_links(argv[1]);
  for (int i = 2; i < argc; ++i) attempt(argv[i]);
  DIR* directory = opendir("/proc");
  if (directory) ++opened;
  printf("%d opened\n", opened);
  fprintf(stderr, "%d tried\n", tried);
}
