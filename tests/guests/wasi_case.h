// What the guests of named cases share. `GUEST NAME` runs one case, which prints what it saw and nothing that depends on the
// runtime, the folder or the time; `GUEST` alone lists them. tests/engine has what each prints, and compares with wasmtime.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

struct one {
  const char* name;
  void (*run)(void);
  struct one* next;
};
static struct one* all;

#define CASE(name)                                            \
  static void case_##name(void);                              \
  __attribute__((constructor)) static void add_##name(void) { \
    static struct one it = {#name, case_##name, 0};           \
    it.next = all;                                            \
    all = &it;                                                \
  }                                                           \
  static void case_##name(void)

// Not every guest needs every helper.
#pragma clang diagnostic ignored "-Wunused-function"

static const char* error_name(int error) {
  static const char* const names[] = {"ok",           "E2BIG",           "EACCES",       "EADDRINUSE",   "EADDRNOTAVAIL",
                                      "EAFNOSUPPORT", "EAGAIN",          "EALREADY",     "EBADF",        "EBADMSG",
                                      "EBUSY",        "ECANCELED",       "ECHILD",       "ECONNABORTED", "ECONNREFUSED",
                                      "ECONNRESET",   "EDEADLK",         "EDESTADDRREQ", "EDOM",         "EDQUOT",
                                      "EEXIST",       "EFAULT",          "EFBIG",        "EHOSTUNREACH", "EIDRM",
                                      "EILSEQ",       "EINPROGRESS",     "EINTR",        "EINVAL",       "EIO",
                                      "EISCONN",      "EISDIR",          "ELOOP",        "EMFILE",       "EMLINK",
                                      "EMSGSIZE",     "EMULTIHOP",       "ENAMETOOLONG", "ENETDOWN",     "ENETRESET",
                                      "ENETUNREACH",  "ENFILE",          "ENOBUFS",      "ENODEV",       "ENOENT",
                                      "ENOEXEC",      "ENOLCK",          "ENOLINK",      "ENOMEM",       "ENOMSG",
                                      "ENOPROTOOPT",  "ENOSPC",          "ENOSYS",       "ENOTCONN",     "ENOTDIR",
                                      "ENOTEMPTY",    "ENOTRECOVERABLE", "ENOTSOCK",     "ENOTSUP",      "ENOTTY",
                                      "ENXIO",        "EOVERFLOW",       "EOWNERDEAD",   "EPERM",        "EPIPE",
                                      "EPROTO",       "EPROTONOSUPPORT", "EPROTOTYPE",   "ERANGE",       "EROFS",
                                      "ESPIPE",       "ESRCH",           "ESTALE",       "ETIMEDOUT",    "ETXTBSY",
                                      "EXDEV",        "ENOTCAPABLE"};
  static char number[16];
  if (error >= 0 && error < (int)(sizeof names / sizeof *names)) return names[error];
  snprintf(number, sizeof number, "%d", error);
  return number;
}

// "label: ok" or the error's name; `error` is WASI's number.
static void say(const char* label, int error) { printf("%s: %s\n", label, error_name(error)); }

// The same for the result of a function of the C library.
static void done(const char* label, long result) { say(label, result < 0 ? errno : 0); }

// The preopened directory that is called ".".
static int here(void) {
  for (int number = 3; number < 64; ++number) {
    char name[8] = "";
    __wasi_prestat_t prestat;
    if (__wasi_fd_prestat_get(number, &prestat) != 0) continue;
    if (prestat.u.dir.pr_name_len == 1 && __wasi_fd_prestat_dir_name(number, (uint8_t*)name, 1) == 0 && name[0] == '.')
      return number;
  }
  fprintf(stderr, "no directory is called \".\"\n");
  exit(99);
}

// A file with this text.
static void put(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || write(file, text, strlen(text)) < 0) done(path, -1);
  close(file);
}

// "path: text", or the error.
static void show(const char* path) {
  char buffer[256] = "";
  const int file = open(path, O_RDONLY);
  if (file < 0 || read(file, buffer, sizeof buffer - 1) < 0)
    done(path, -1);
  else
    printf("%s: %s\n", path, buffer);
  close(file);
}

int main(int argc, char** argv) {
  for (struct one* it = all; it; it = it->next) {
    if (argc < 2) puts(it->name);
    if (argc > 1 && !strcmp(it->name, argv[1])) return it->run(), 0;
  }
  return argc < 2 ? 0 : 98;
}
