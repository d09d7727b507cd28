// Files, directories, links: what paths mean and which errors there are.
#include <dirent.h>
#include <sys/stat.h>

#include "wasi_case.h"

CASE(create) {
  done("new", open("new", O_WRONLY | O_CREAT, 0666));
  done("again", open("new", O_WRONLY | O_CREAT, 0666));
  done("exclusive, there", open("new", O_WRONLY | O_CREAT | O_EXCL, 0666));
  done("exclusive, new", open("other", O_WRONLY | O_CREAT | O_EXCL, 0666));
  symlink("nowhere", "dangling");
  done("exclusive, a dangling link", open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0666));
  done("below a missing directory", open("missing/file", O_WRONLY | O_CREAT, 0666));
}

CASE(through_a_dangling_link) {
  symlink("target", "link");
  done("create", open("link", O_WRONLY | O_CREAT, 0666));
  done("target", access("target", F_OK));
}

CASE(kinds) {
  put("file", "text");
  mkdir("folder", 0777);
  done("directory wanted, file", open("file", O_RDONLY | O_DIRECTORY));
  done("directory wanted, folder", open("folder", O_RDONLY | O_DIRECTORY));
  done("folder to write", open("folder", O_WRONLY));
  done("folder to read and write", open("folder", O_RDWR));
  done("create over a folder", open("folder", O_WRONLY | O_CREAT, 0666));
}

CASE(errors_of_names) {
  static char longest[300];
  memset(longest, 'x', sizeof longest - 1);
  put("file", "text");
  done("missing", open("missing", O_RDONLY));
  __wasi_fd_t file;
  say("empty", __wasi_path_open(here(), 0, "", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  done("below a file", open("file/below", O_RDONLY));
  done("too long", open(longest, O_RDONLY));
}

CASE(slashes) {
  put("file", "text");
  mkdir("folder", 0777);
  done("open file/", open("file/", O_RDONLY));
  done("open folder/", open("folder/", O_RDONLY));
  done("open folder//.", open("folder//.", O_RDONLY));
  done("open ./file", open("./file", O_RDONLY));
  done("create new/", open("new/", O_WRONLY | O_CREAT, 0666));
  done("mkdir made/", mkdir("made/", 0777));
  done("unlink file/", unlink("file/"));
  done("rename folder/ to moved/", rename("folder/", "moved/"));
  done("rename file to named/", rename("file", "named/"));
  done("rename file/ to named", rename("file/", "named"));
  done("rmdir moved/", rmdir("moved/"));
}

// Raw calls, which a runtime must refuse by itself.
CASE(escapes) {
  __wasi_fd_t file;
  const int folder = here();
  mkdir("inside", 0777);
  const __wasi_rights_t reading = __WASI_RIGHTS_FD_READ;
  const char* const paths[] = {"..", "../x", "inside/../..", "inside/../../x", "/etc", "/", "./../x"};
  for (unsigned i = 0; i < sizeof paths / sizeof *paths; ++i)
    printf("%s: %s\n", paths[i], __wasi_path_open(folder, 1, paths[i], 0, reading, 0, 0, &file) ? "refused" : "opened");
  symlink("../x", "up");
  symlink("inside/../../x", "winding");
  printf("link up: %s\n", __wasi_path_open(folder, 1, "up", 0, reading, 0, 0, &file) ? "refused" : "opened");
  printf("link winding: %s\n", __wasi_path_open(folder, 1, "winding", 0, reading, 0, 0, &file) ? "refused" : "opened");
  printf("create: %s\n", __wasi_path_create_directory(folder, "../made") ? "refused" : "made");
  printf("rename: %s\n", __wasi_path_rename(folder, "inside", folder, "../moved") ? "refused" : "moved");
}

CASE(errors_of_escapes) {
  __wasi_fd_t file;
  const int folder = here();
  symlink("../x", "up");
  say("..", __wasi_path_open(folder, 1, "..", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  say("absolute", __wasi_path_open(folder, 1, "/etc", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  say("link", __wasi_path_open(folder, 1, "up", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  say("mkdir", __wasi_path_create_directory(folder, "../made"));
}

CASE(dots_within) {
  mkdir("a", 0777);
  mkdir("a/b", 0777);
  put("a/file", "in a");
  show("a/b/../file");
  show("a/./b/./../file");
  symlink("../file", "a/b/up");
  show("a/b/up");
}

CASE(rename_files) {
  put("one", "1");
  put("two", "2");
  done("to a new name", rename("one", "three"));
  done("over a file", rename("three", "two"));
  show("two");
  show("three");
  done("missing", rename("missing", "two"));
  done("to itself", rename("two", "two"));
  show("two");
}

CASE(rename_directories) {
  put("file", "text");
  mkdir("empty", 0777);
  mkdir("full", 0777);
  mkdir("more", 0777);
  put("full/file", "kept");
  put("more/file", "kept too");
  done("file over directory", rename("file", "empty"));
  done("directory over file", rename("empty", "file"));
  done("directory over a full one", rename("more", "full"));
  done("directory over an empty one", rename("full", "empty"));
  show("empty/file");
  done("into itself", rename("empty", "empty/below"));
}

CASE(hard_links) {
  struct stat status;
  put("file", "text");
  mkdir("folder", 0777);
  done("link", link("file", "other"));
  show("other");
  stat("file", &status);
  printf("links: %d\n", (int)status.st_nlink);
  done("over a file", link("file", "other"));
  done("of a directory", link("folder", "second"));
  done("of nothing", link("missing", "second"));
  symlink("file", "symbolic");
  const int root = here();
  say("of a symbolic link", __wasi_path_link(root, 0, "symbolic", root, "copied"));
  lstat("copied", &status);
  printf("is a link: %d\n", S_ISLNK(status.st_mode));
}

CASE(symbolic_links) {
  char text[16] = "";
  put("file", "text");
  done("make", symlink("file", "link"));
  show("link");
  done("over a file", symlink("x", "file"));
  done("over a link", symlink("x", "link"));
  done("empty", symlink("", "none"));
  printf("readlink: %d\n", (int)readlink("link", text, sizeof text));
  printf("text: %s\n", text);
  done("readlink of a file", readlink("file", text, sizeof text));
  done("readlink of nothing", readlink("missing", text, sizeof text));
  done("not followed", open("link", O_RDONLY | O_NOFOLLOW));
  symlink("missing", "dangling");
  done("dangling", open("dangling", O_RDONLY));
  done("unlink", unlink("link"));
  show("file");
}

CASE(readlink_in_a_small_buffer) {
  char text[4] = "";
  symlink("longer", "link");
  printf("%d\n", (int)readlink("link", text, 3));
  printf("%s\n", text);
}

CASE(loops) {
  symlink("two", "one");
  symlink("one", "two");
  done("open", open("one", O_RDONLY));
  done("below", open("one/file", O_RDONLY));
  struct stat status;
  done("stat", stat("one", &status));
  done("lstat", lstat("one", &status));
}

CASE(links_to_directories) {
  mkdir("folder", 0777);
  put("folder/file", "text");
  symlink("folder", "link");
  show("link/file");
  done("open link/", open("link/", O_RDONLY | O_DIRECTORY));
  done("rmdir link", rmdir("link"));
  done("unlink link", unlink("link"));
}

CASE(removing) {
  put("file", "text");
  mkdir("folder", 0777);
  put("folder/file", "text");
  done("unlink a directory", unlink("folder"));
  done("rmdir a file", rmdir("file"));
  done("rmdir a full directory", rmdir("folder"));
  done("unlink nothing", unlink("missing"));
  done("rmdir nothing", rmdir("missing"));
  const int file = open("file", O_RDONLY);
  done("unlink an open file", unlink("file"));
  char text[8] = "";
  printf("read: %d\n", (int)read(file, text, sizeof text));
  done("name", access("file", F_OK));
}

CASE(directories) {
  done("make", mkdir("folder", 0777));
  done("again", mkdir("folder", 0777));
  put("file", "text");
  done("over a file", mkdir("file", 0777));
  done("below a file", mkdir("file/folder", 0777));
  done("below nothing", mkdir("missing/folder", 0777));
}

static void print_kind(const char* path) {
  const int root = here();
  __wasi_filestat_t status;
  for (int follow = 0; follow < 2; ++follow) {
    const int error = __wasi_path_filestat_get(root, follow, path, &status);
    if (error)
      printf("%s, follow %d: %s\n", path, follow, error_name(error));
    else
      printf("%s, follow %d: type %d, size %d\n", path, follow, status.filetype, status.filetype == 4 ? (int)status.size : 0);
  }
}

CASE(status) {
  put("file", "text");
  mkdir("folder", 0777);
  symlink("file", "link");
  symlink("missing", "dangling");
  print_kind("file");
  print_kind("folder");
  print_kind("link");
  print_kind("dangling");
  print_kind("missing");
}

CASE(same_file) {
  struct stat one, two;
  put("file", "text");
  link("file", "other");
  stat("file", &one);
  stat("other", &two);
  printf("%d\n", one.st_ino == two.st_ino && one.st_dev == two.st_dev);
}

static void print_times(const char* label, const char* path) {
  __wasi_filestat_t status;
  if (__wasi_path_filestat_get(here(), 0, path, &status)) return puts("error"), (void)0;
  printf("%s: %llu %llu\n", label, status.atim, status.mtim);
}

CASE(times) {
  const int root = here();
  enum { kAtime = 1, kAtimeNow = 2, kMtime = 4, kMtimeNow = 8 };
  put("file", "text");
  symlink("file", "link");
  say("both", __wasi_path_filestat_set_times(root, 0, "file", 1000000001, 2000000002, kAtime | kMtime));
  print_times("file", "file");
  say("one", __wasi_path_filestat_set_times(root, 0, "file", 5, 3000000003, kMtime));
  print_times("file", "file");
  say("through a link", __wasi_path_filestat_set_times(root, 1, "link", 7000000007, 8, kAtime));
  print_times("file", "file");
  say("of a link", __wasi_path_filestat_set_times(root, 0, "link", 1000000009, 1000000010, kAtime | kMtime));
  print_times("link", "link");
  print_times("file", "file");
  say("a time and now", __wasi_path_filestat_set_times(root, 0, "file", 1, 1, kAtime | kAtimeNow));
  const int file = open("file", O_RDWR);
  say("by descriptor", __wasi_fd_filestat_set_times(file, 4000000004, 5000000005, kAtime | kMtime));
  print_times("file", "file");
  say("now", __wasi_fd_filestat_set_times(file, 0, 0, kMtimeNow));
  __wasi_filestat_t status;
  if (__wasi_fd_filestat_get(file, &status)) return puts("error"), (void)0;
  printf("later: %d, atime %llu\n", status.mtim > 1700000000000000000ULL, status.atim);
}

static unsigned count(DIR* directory, int* dots) {
  unsigned files = 0;
  *dots = 0;
  for (struct dirent* entry; (entry = readdir(directory));) ++*(entry->d_name[0] == '.' ? (unsigned*)dots : &files);
  return files;
}

static void fill(const char* folder, int files) {
  char path[64];
  mkdir(folder, 0777);
  for (int i = 0; i < files; ++i) {
    snprintf(path, sizeof path, "%s/file-%d", folder, i);
    put(path, "");
  }
}

CASE(list) {
  int dots;
  fill("folder", 1000);
  DIR* directory = opendir("folder");
  printf("%u files", count(directory, &dots));
  printf(", %d dots\n", dots);
  rewinddir(directory);
  printf("again %u\n", count(directory, &dots));
  put("folder/late", "");
  rewinddir(directory);
  printf("with a new one %u\n", count(directory, &dots));
}

// Every entry comes once through a buffer that holds little more than one; what is cut off is asked for again.
CASE(list_in_a_small_buffer) {
  fill("folder", 300);
  const int folder = open("folder", O_RDONLY | O_DIRECTORY);
  static char seen[300];
  uint64_t cookie = 0;
  unsigned files = 0, twice = 0;
  for (;;) {
    uint8_t buffer[60];
    __wasi_size_t used;
    if (__wasi_fd_readdir(folder, buffer, sizeof buffer, cookie, &used)) return puts("error"), (void)0;
    size_t at = 0;
    for (__wasi_dirent_t entry; at + sizeof entry <= used;) {
      memcpy(&entry, buffer + at, sizeof entry);
      if (at + sizeof entry + entry.d_namlen > used) break;
      char name[32] = "";
      memcpy(name, buffer + at + sizeof entry, entry.d_namlen);
      if (name[0] == 'f') ++files, twice += seen[atoi(name + 5)]++;
      cookie = entry.d_next;
      at += sizeof entry + entry.d_namlen;
    }
    if (used < sizeof buffer) break;
  }
  printf("%u files, %u twice\n", files, twice);
}

CASE(remove_while_listing) {
  fill("folder", 500);
  DIR* directory = opendir("folder");
  unsigned removed = 0;
  for (struct dirent* entry; (entry = readdir(directory));) {
    char path[300];
    snprintf(path, sizeof path, "folder/%s", entry->d_name);
    if (entry->d_name[0] != '.' && unlink(path) == 0) ++removed;
  }
  printf("%u removed\n", removed);
  done("rmdir", rmdir("folder"));
}

CASE(kinds_in_a_list) {
  mkdir("folder", 0777);
  put("folder/file", "");
  mkdir("folder/inner", 0777);
  symlink("file", "folder/link");
  DIR* directory = opendir("folder");
  int kinds[256] = {0};
  for (struct dirent* entry; (entry = readdir(directory));)
    if (entry->d_name[0] != '.') kinds[(unsigned char)entry->d_name[0]] = entry->d_type;
  printf("file %d, directory %d, link %d\n", kinds['f'] == DT_REG, kinds['i'] == DT_DIR, kinds['l'] == DT_LNK);
}

CASE(list_a_file) {
  put("file", "text");
  done("opendir", opendir("file") ? 0 : -1);
  uint8_t buffer[64];
  __wasi_size_t used;
  const int error = __wasi_fd_readdir(open("file", O_RDONLY), buffer, sizeof buffer, 0, &used);
  printf("readdir: %s\n", error ? "refused" : "read");
}
