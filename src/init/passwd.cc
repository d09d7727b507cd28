#include "init/passwd.h"

#include "init/support.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr size_t kLargest = 1U << 20;  // bytes of /etc/passwd that are looked at
constexpr int kUidField = 2, kHomeField = 5, kFields = 7;

// The whole file as text, nullptr unless it is a regular one. Opening must neither wait (FIFO) nor act (device).
char* read_passwd() {
  const long handle = kernel::openat(AT_FDCWD, "/etc/passwd", O_PATH | O_CLOEXEC);
  if (handle < 0) return nullptr;
  struct stat facts{};
  const bool regular = kernel::fstat(static_cast<int>(handle), &facts) == 0 && S_ISREG(facts.st_mode);
  kernel::close(static_cast<int>(handle));
  if (!regular) return nullptr;
  const long file = kernel::openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return nullptr;
  char* const text = static_cast<char*>(allocate(kLargest + 1));
  size_t size = 0;
  for (long count = 1; text != nullptr && count > 0 && size < kLargest; size += count > 0 ? static_cast<size_t>(count) : 0)
    count = kernel::read(static_cast<int>(file), text + size, kLargest - size);
  kernel::close(static_cast<int>(file));
  if (text != nullptr) text[size] = 0;
  return text;
}

// Cuts a line into its fields in place. False when it has not exactly as many as it should.
bool cut(char* line, char** fields) {
  int count = 0;
  fields[count++] = line;
  for (; *line != 0; ++line) {
    if (*line != ':') continue;
    *line = 0;
    if (count == kFields) return false;
    fields[count++] = line + 1;
  }
  return count == kFields;
}

}  // namespace

const char* home_of_user() {
  const long uid = kernel::syscall(SYS_getuid);
  for (char* line = read_passwd(); line != nullptr && *line != 0;) {
    char* next = line;
    while (*next != 0 && *next != '\n') ++next;
    if (*next == '\n') *next++ = 0;
    char* fields[kFields];
    if (cut(line, fields) && parse_number(fields[kUidField]) == uid && *fields[kHomeField] != 0) return fields[kHomeField];
    line = next;
  }
  return "/";
}

}  // namespace crumb::init
