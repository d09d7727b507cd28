// Descriptors: reading, writing, offsets, sizes, flags, rights, numbers.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "wasi_case.h"

static long long size_of(const char* path) {
  struct stat status;
  return stat(path, &status) ? -1 : status.st_size;
}

CASE(truncate_by_open) {
  put("file", "text");
  close(open("file", O_WRONLY | O_TRUNC));
  printf("%lld\n", size_of("file"));
}

CASE(sizes) {
  char text[8] = "";
  put("file", "text");
  const int file = open("file", O_RDWR);
  done("shrink", ftruncate(file, 2));
  printf("%lld\n", size_of("file"));
  done("grow", ftruncate(file, 6));
  printf("%d %d %d\n", (int)read(file, text, sizeof text), text[1], text[5]);
  done("negative", ftruncate(file, -1));
  done("of one for reading", ftruncate(open("file", O_RDONLY), 0));
  done("by name", truncate("file", 1));
  printf("%lld\n", size_of("file"));
}

CASE(append) {
  put("file", "one");
  const int file = open("file", O_WRONLY | O_APPEND);
  lseek(file, 0, SEEK_SET);
  done("write", write(file, "two", 3));
  show("file");
}

CASE(directions) {
  char text[8];
  put("file", "text");
  printf("read what is for writing: %d\n", (int)read(open("file", O_WRONLY), text, sizeof text));
  printf("write what is for reading: %d\n", (int)write(open("file", O_RDONLY), "x", 1));
  printf("read a directory: %d\n", (int)read(open(".", O_RDONLY | O_DIRECTORY), text, sizeof text));
  show("file");
}

CASE(seek) {
  char text[8] = "";
  put("file", "0123456789");
  const int file = open("file", O_RDWR);
  printf("%lld %lld %lld\n", lseek(file, 3, SEEK_SET), lseek(file, 2, SEEK_CUR), lseek(file, -1, SEEK_END));
  done("before the start", lseek(file, -20, SEEK_END));
  __wasi_filesize_t place = 0;
  say("tell", __wasi_fd_tell(file, &place));
  printf("%d\n", (int)place);
  say("from nowhere", __wasi_fd_seek(file, 0, 9, &place));
  printf("past the end: %lld\n", lseek(file, 20, SEEK_SET));
  printf("read there: %d\n", (int)read(file, text, sizeof text));
  done("write there", write(file, "x", 1));
  printf("%lld\n", size_of("file"));
  lseek(file, 10, SEEK_SET);
  printf("a hole of zeros: %d, %d\n", (int)read(file, text, 1), text[0]);
}

CASE(beyond_4_gib) {
  char text[8] = "";
  const long long far = 5LL << 30;
  const int file = open("file", O_RDWR | O_CREAT, 0666);
  printf("%lld\n", lseek(file, far, SEEK_SET));
  done("write", write(file, "far", 3));
  printf("%lld\n", size_of("file"));
  printf("%d %s\n", (int)pread(file, text, 3, far), text);
  done("pwrite", pwrite(file, "F", 1, far));
  printf("%lld\n", lseek(file, -3, SEEK_END));
  printf("%d %s\n", (int)read(file, text, 8), text);
  done("grow", ftruncate(file, 6LL << 30));
  printf("%lld\n", size_of("file"));
  unlink("file");
}

CASE(at_an_offset) {
  char text[16] = "";
  put("file", "0123456789");
  const int file = open("file", O_RDWR);
  printf("%d %s\n", (int)pread(file, text, 3, 4), text);
  done("pwrite", pwrite(file, "ab", 2, 1));
  printf("place %lld\n", lseek(file, 0, SEEK_CUR));
  printf("past the end: %d\n", (int)pread(file, text, 3, 100));
  show("file");
}

CASE(vectors) {
  char one[3] = "", two[5] = "";
  const int file = open("file", O_RDWR | O_CREAT, 0666);
  const struct iovec out[] = {{"ab", 2}, {"", 0}, {"cdef", 4}};
  printf("written %d\n", (int)writev(file, out, 3));
  lseek(file, 0, SEEK_SET);
  const struct iovec in[] = {{one, 2}, {two, 4}};
  printf("read %d, %s %s\n", (int)readv(file, in, 2), one, two);
  const struct iovec nothing = {one, 0};
  printf("of no bytes: %d %d\n", (int)readv(file, &nothing, 1), (int)writev(file, &nothing, 1));
  __wasi_size_t count = 9;
  say("of no vectors, written", __wasi_fd_write(file, (__wasi_ciovec_t*)&nothing, 0, &count));
  say("read", __wasi_fd_read(file, (__wasi_iovec_t*)&nothing, 0, &count));
  say("written at an offset", __wasi_fd_pwrite(file, (__wasi_ciovec_t*)&nothing, 0, 0, &count));
  say("read at an offset", __wasi_fd_pread(file, (__wasi_iovec_t*)&nothing, 0, 0, &count));
}

CASE(flags) {
  put("file", "text");
  const int file = open("file", O_RDWR);
  printf("%d\n", fcntl(file, F_GETFL) & (O_APPEND | O_NONBLOCK));
  done("append", fcntl(file, F_SETFL, O_APPEND));
  done("write", write(file, "more", 4));
  printf("append %d\n", (fcntl(file, F_GETFL) & O_APPEND) != 0);
  done("no more", fcntl(file, F_SETFL, 0));
  printf("append %d\n", (fcntl(file, F_GETFL) & O_APPEND) != 0);
  show("file");
}

CASE(nonblocking) {
  put("file", "text");
  const int file = open("file", O_RDWR | O_NONBLOCK);
  printf("nonblocking %d\n", (fcntl(file, F_GETFL) & O_NONBLOCK) != 0);
  done("not any more", fcntl(file, F_SETFL, 0));
  printf("nonblocking %d\n", (fcntl(file, F_GETFL) & O_NONBLOCK) != 0);
}

CASE(synchronous) {
  put("file", "text");
  const int file = open("file", O_RDWR);
  say("fd_fdstat_set_flags", __wasi_fd_fdstat_set_flags(file, __WASI_FDFLAGS_SYNC));
  say("fd_sync", __wasi_fd_sync(file));
  say("fd_datasync", __wasi_fd_datasync(file));
  say("fd_sync of a directory", __wasi_fd_sync(open(".", O_RDONLY | O_DIRECTORY)));
  say("of nothing", __wasi_fd_sync(77));
}

CASE(advise) {
  put("file", "text");
  const int file = open("file", O_RDWR);
  for (int advice = 0; advice < 6; ++advice) say("advise", __wasi_fd_advise(file, 0, 4, advice));
  say("unknown", __wasi_fd_advise(file, 0, 4, 17));
  say("of nothing", __wasi_fd_advise(77, 0, 4, 0));
}

CASE(allocate) {
  const int file = open("file", O_RDWR | O_CREAT, 0666);
  say("allocate", __wasi_fd_allocate(file, 10, 100));
  printf("%lld\n", size_of("file"));
  say("within", __wasi_fd_allocate(file, 0, 10));
  printf("%lld\n", size_of("file"));
  say("nothing", __wasi_fd_allocate(file, 0, 0));
  say("of one for reading", __wasi_fd_allocate(open("file", O_RDONLY), 0, 200));
}

static int rights_of(int file, __wasi_rights_t* base, __wasi_rights_t* inheriting) {
  __wasi_fdstat_t status;
  const int error = __wasi_fd_fdstat_get(file, &status);
  *base = status.fs_rights_base, *inheriting = status.fs_rights_inheriting;
  return error;
}

CASE(rights_shrink) {
  __wasi_rights_t base, inheriting;
  char text[8];
  put("file", "text");
  const int file = open("file", O_RDWR);
  rights_of(file, &base, &inheriting);
  say("without writing", __wasi_fd_fdstat_set_rights(file, base & ~__WASI_RIGHTS_FD_WRITE, inheriting));
  done("read", read(file, text, sizeof text));
  done("write", write(file, "x", 1));
  say("with it again", __wasi_fd_fdstat_set_rights(file, base, inheriting));
  done("write", write(file, "x", 1));
}

CASE(rights_are_inherited) {
  __wasi_rights_t base, inheriting;
  __wasi_fd_t file;
  put("file", "text");
  mkdir("folder", 0777);
  const int folder = open("folder", O_RDONLY | O_DIRECTORY);
  close(openat(folder, "file", O_WRONLY | O_CREAT, 0666));
  rights_of(folder, &base, &inheriting);
  say("set", __wasi_fd_fdstat_set_rights(folder, base, inheriting & ~__WASI_RIGHTS_FD_WRITE));
  say("to read", __wasi_path_open(folder, 0, "file", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  say("to write", __wasi_path_open(folder, 0, "file", 0, __WASI_RIGHTS_FD_WRITE, 0, 0, &file));
}

CASE(numbers) {
  const int one = open(".", O_RDONLY | O_DIRECTORY), two = open(".", O_RDONLY | O_DIRECTORY);
  printf("next %d\n", two == one + 1);
  close(one);
  printf("lowest %d\n", open(".", O_RDONLY | O_DIRECTORY) == one);
  close(0);
  put("file", "text");
  printf("in place of stdin %d\n", open("file", O_RDONLY));
  char text[8] = "";
  printf("%d %s\n", (int)fread(text, 1, 4, stdin), text);
}

CASE(closing) {
  put("file", "text");
  const int file = open("file", O_RDONLY);
  say("close", __wasi_fd_close(file));
  say("again", __wasi_fd_close(file));
  say("never opened", __wasi_fd_close(1000));
  char text[8];
  done("read", read(file, text, sizeof text));
  __wasi_fdstat_t status;
  say("status", __wasi_fd_fdstat_get(file, &status));
}

CASE(renumber) {
  char text[8] = "";
  put("one", "1");
  put("two", "2");
  const int one = open("one", O_RDONLY), two = open("two", O_RDONLY);
  say("one to two", __wasi_fd_renumber(one, two));
  printf("%d %s\n", (int)read(two, text, 4), text);
  done("one is closed", read(one, text, 4));
  say("what is closed", __wasi_fd_renumber(one, two));
  say("to what never was", __wasi_fd_renumber(two, 1000));
  say("to itself", __wasi_fd_renumber(two, two));
  lseek(two, 0, SEEK_SET);
  printf("%d %s\n", (int)read(two, text, 4), text);
}

// Each renumbering once made the table of descriptors forget one, until no free number could be found in it.
CASE(renumber_often) {
  put("file", "text");
  for (int i = 0; i < 3000; ++i) {
    const int one = open("file", O_RDONLY), two = open("file", O_RDONLY);
    if (one < 0 || two < 0 || __wasi_fd_renumber(one, two) || close(two)) return printf("failed at %d\n", i), (void)0;
  }
  puts("3000 times");
}

CASE(renumber_a_directory) {
  put("file", "text");
  mkdir("folder", 0777);
  put("folder/file", "in folder");
  const int folder = open("folder", O_RDONLY | O_DIRECTORY), other = open("file", O_RDONLY);
  say("renumber", __wasi_fd_renumber(folder, other));
  char text[16] = "";
  printf("%d %s\n", (int)read(openat(other, "file", O_RDONLY), text, sizeof text - 1), text);
}

CASE(many) {
  static int files[500];
  put("file", "text");
  int opened = 0, right = 0;
  for (int i = 0; i < 500; ++i) opened += (files[i] = open("file", O_RDONLY)) >= 0;
  for (int i = 0; i < 500; ++i) {
    char text[8];
    right += read(files[i], text, sizeof text) == 4;
    close(files[i]);
  }
  printf("%d opened, %d read\n", opened, right);
}

CASE(kinds) {
  __wasi_fdstat_t status;
  put("file", "text");
  say("file", __wasi_fd_fdstat_get(open("file", O_RDONLY), &status));
  printf("type %d\n", status.fs_filetype);
  say("directory", __wasi_fd_fdstat_get(open(".", O_RDONLY | O_DIRECTORY), &status));
  printf("type %d\n", status.fs_filetype);
  __wasi_filestat_t file;
  say("size", __wasi_fd_filestat_get(open("file", O_RDONLY), &file));
  printf("type %d, size %d, links %d\n", file.filetype, (int)file.size, (int)file.nlink);
  say("nothing", __wasi_fd_filestat_get(77, &file));
}

CASE(preopens) {
  __wasi_prestat_t prestat;
  char name[8] = "";
  const int root = here();
  say("prestat", __wasi_fd_prestat_get(root, &prestat));
  printf("kind %d, length %d\n", prestat.tag, (int)prestat.u.dir.pr_name_len);
  say("name", __wasi_fd_prestat_dir_name(root, (uint8_t*)name, sizeof name));
  say("in too small a buffer", __wasi_fd_prestat_dir_name(root, (uint8_t*)name, 0));
  say("of stdin", __wasi_fd_prestat_get(0, &prestat));
  say("of nothing", __wasi_fd_prestat_get(1000, &prestat));
  const int other = open(".", O_RDONLY | O_DIRECTORY);
  say("of one that was opened", __wasi_fd_prestat_get(other, &prestat));
}

CASE(random_bytes) {
  static unsigned char bytes[1 << 20];
  say("get", __wasi_random_get(bytes, sizeof bytes));
  unsigned ones = 0;
  for (size_t i = 0; i < sizeof bytes; ++i) ones += __builtin_popcount(bytes[i]);
  printf("%s\n", ones > 4100000 && ones < 4290000 ? "half of the bits" : "not random");
  say("none", __wasi_random_get(bytes, 0));
}

CASE(yield) { say("yield", __wasi_sched_yield()); }

CASE(arguments) {
  __wasi_size_t count, bytes;
  say("sizes", __wasi_args_sizes_get(&count, &bytes));
  char* arguments[8];
  char text[4096];
  say("get", __wasi_args_get((uint8_t**)arguments, (uint8_t*)text));
  printf("%d, the last is %s\n", (int)count, arguments[count - 1]);
}

CASE(environment) {
  __wasi_size_t count, bytes;
  say("sizes", __wasi_environ_sizes_get(&count, &bytes));
  static char* variables[1024];
  static char text[65536];
  say("get", __wasi_environ_get((uint8_t**)variables, (uint8_t*)text));
  unsigned found = 0;
  for (__wasi_size_t i = 0; i < count; ++i) found += !strcmp(variables[i], "A=1");
  printf("%u\n", found);
}
