// overwrite SECONDS [PATTERN]: gets a handle to the executable of every process it sees (or to what PATTERN, "/proc/[0-9]*/exe"
// if it is not given, finds) and tries, again and again, to open it for writing (runc CVE-2019-5736). A busy executable cannot
// be opened; the handle waits until it no longer is. Prints each one that could be opened, and last "handles N writable M".
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { kMost = 256 };
static struct {
  int fd;
  dev_t device;
  ino_t inode;
  int written;
} handles[kMost];
static int count, writable;

static int known(const struct stat* facts) {
  for (int i = 0; i < count; ++i)
    if (handles[i].device == facts->st_dev && handles[i].inode == facts->st_ino) return 1;
  return 0;
}

static void take(const char* path, const struct stat* own) {
  struct stat facts;
  const int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  if (fstat(fd, &facts) != 0 || (facts.st_dev == own->st_dev && facts.st_ino == own->st_ino) || known(&facts) ||
      count == kMost) {
    close(fd);
    return;
  }
  handles[count].fd = fd;
  handles[count].device = facts.st_dev;
  handles[count++].inode = facts.st_ino;
}

static void attempt(int i) {
  char path[64], name[512] = "";
  if (handles[i].written) return;
  snprintf(path, sizeof path, "/proc/self/fd/%d", handles[i].fd);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  close(fd);
  handles[i].written = 1;
  ++writable;
  if (readlink(path, name, sizeof name - 1) > 0) printf("writable %s\n", name);
}

int main(int argc, char** argv) {
  struct stat own;
  const time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
  const char* const pattern = argc > 2 ? argv[2] : "/proc/[0-9]*/exe";
  if (stat("/proc/self/exe", &own) != 0) return 1;
  while (time(NULL) < end) {
    glob_t found;
    if (glob(pattern, 0, NULL, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) take(found.gl_pathv[i], &own);
      globfree(&found);
    }
    for (int i = 0; i < count; ++i) attempt(i);
  }
  printf("handles %d writable %d\n", count, writable);
  return 0;
}
