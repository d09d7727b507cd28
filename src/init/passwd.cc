#include "init/passwd.h"

#include "init/regular_file.h"
#include "init/support.h"
#include "kernel/call.h"

namespace crumb::init {
namespace {

constexpr size_t kLargest = 1U << 20;  // bytes of /etc/passwd that are looked at
constexpr int kUidField = 2, kHomeField = 5;

// The beginning of the file as text, nullptr when there is none that can be read.
char* read_passwd() {
  constexpr char kPath[] = "/etc/passwd";
  Fd handle, file;
  if (open_regular(kPath, handle) < 0 || reopen_readable(kPath, handle, file) < 0) return nullptr;
  char* const text = static_cast<char*>(allocate(kLargest + 1));
  if (text == nullptr) return nullptr;
  size_t size = 0;
  for (long count = 1; count > 0 && size < kLargest; size += count > 0 ? static_cast<size_t>(count) : 0)
    count = kernel::read(file.get(), text + size, kLargest - size);
  text[size] = 0;
  return text;
}

// Cuts a line at its colons, in place, as far as the home directory. False when it has fewer fields.
bool cut(char* line, char* (&fields)[kHomeField + 1]) {
  int count = 0;
  fields[count++] = line;
  for (; *line != 0; ++line) {
    if (*line != ':') continue;
    *line = 0;
    if (count > kHomeField) break;
    fields[count++] = line + 1;
  }
  return count > kHomeField;
}

bool is_home(const char* text) { return text[0] == '/' && length(text) < kLongestPath; }

}  // namespace

const char* home_of_user() {
  const long uid = kernel::getuid();
  for (char* line = read_passwd(); line != nullptr && *line != 0;) {
    char* next = line;
    while (*next != 0 && *next != '\n') ++next;
    if (*next == '\n') *next++ = 0;
    char* fields[kHomeField + 1];
    if (cut(line, fields) && parse_number(fields[kUidField]) == uid && is_home(fields[kHomeField])) return fields[kHomeField];
    line = next;
  }
  return "/";
}

}  // namespace crumb::init
