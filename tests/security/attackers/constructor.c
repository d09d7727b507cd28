// A shared library that leaves a file when anything loads it.
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void loaded(void) {
  const int fd = open("/loaded", O_WRONLY | O_CREAT, 0644);
  if (fd >= 0) close(fd);
}
