// files PATH: prints the file. files PATH w TEXT: writes TEXT to it. files PATH l: prints the link. files PATH s TARGET: makes
// one. files PATH h NEW: makes a hard link. files PATH r NEW: renames. files PATH d: lists the directory.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static int failed(const char* path) {
  fprintf(stderr, "%s: %s\n", path, strerror(errno));
  return 1;
}
static int list(const char* path) {
  DIR* directory = opendir(path);
  if (!directory) return failed(path);
  for (struct dirent* entry; (entry = readdir(directory));) puts(entry->d_name);
  return 0;
}
int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "";
  const char action = argc > 2 ? argv[2][0] : 'p';
  const char* text = argc > 3 ? argv[3] : "";
  static char buffer[4096];
  if (action == 'd') return list(path);
  if (action == 's') return symlink(text, path) ? failed(path) : 0;
  if (action == 'h') return link(path, text) ? failed(path) : 0;
  if (action == 'r') return rename(path, text) ? failed(path) : 0;
  if (action == 'l') {
    if (readlink(path, buffer, sizeof buffer - 1) < 0) return failed(path);
    puts(buffer);
    return 0;
  }
  FILE* file = fopen(path, action == 'w' ? "w" : "r");
  if (!file) return failed(path);
  if (action == 'w') return fputs(text, file) < 0 || fclose(file) ? failed(path) : 0;
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, file));) fwrite(buffer, 1, n, stdout);
  return 0;
}
