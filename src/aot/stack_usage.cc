// No <fcntl.h>: its open() may be another symbol under this name.
#include "aot/stack_usage.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace crumb::aot {
namespace {

int writer = -1, reader = -1;
std::FILE* stream = nullptr;  // of `reader`: fdopen() asks what would be refused later

bool is_stack_usage(const char* path) { return std::strcmp(path, kStackUsage) == 0; }

}  // namespace

bool open_stack_usage() {
  writer = ::memfd_create(kStackUsage, MFD_CLOEXEC);
  reader = writer < 0 ? -1 : ::dup(writer);
  stream = reader < 0 ? nullptr : ::fdopen(reader, "r");
  return stream != nullptr;
}

int stack_usage_writer() { return writer; }
int stack_usage_reader() { return reader; }

}  // namespace crumb::aot

using namespace crumb::aot;

// What LLVM calls: the program's own symbol goes before the C library's.
extern "C" {

[[gnu::used]] int crumb_open(const char* path, int flags, unsigned mode) __asm__("open");
[[gnu::used]] int crumb_open64(const char* path, int flags, unsigned mode) __asm__("open64");
std::FILE* crumb_fopen(const char* path, const char* mode) __asm__("__wrap_fopen");
std::FILE* real_fopen(const char* path, const char* mode) __asm__("__real_fopen");

int crumb_open(const char* path, int flags, unsigned mode) {
  constexpr int kHere = -100;  // AT_FDCWD
  return is_stack_usage(path) ? writer : static_cast<int>(::syscall(SYS_openat, kHere, path, flags, mode));
}

int crumb_open64(const char* path, int flags, unsigned mode) { return crumb_open(path, flags, mode); }

// What WAMR calls, by the linker's --wrap. The descriptors share their offset.
std::FILE* crumb_fopen(const char* path, const char* mode) {
  if (!is_stack_usage(path)) return real_fopen(path, mode);
  ::lseek(reader, 0, SEEK_SET);
  return stream;
}
}
