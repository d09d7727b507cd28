#include "init/mount_table.h"

#include "kernel/fd.h"

namespace crumb::init {
namespace {

constexpr size_t kLargest = 16U << 20;  // bytes; 100 000 mounts, the kernel's own limit, are less

// Blanks in names are written as \040 and so on.
void unescape(char* text) {
  const auto digit = [](char c) { return c >= '0' && c <= '7'; };
  char* to = text;
  for (; *text != 0; ++to) {
    if (text[0] == '\\' && digit(text[1]) && digit(text[2]) && digit(text[3])) {
      *to = static_cast<char>((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
      text += 4;
    } else {
      *to = *text++;
    }
  }
  *to = 0;
}

// Cuts the next blank-separated field off `at`; "" at the end.
char* field(char*& at) {
  char* const begin = at;
  while (*at != 0 && *at != ' ') ++at;
  if (*at != 0) *at++ = 0;
  return begin;
}

void cut(char* at, MountLine& line) {
  for (int before_root = 3; before_root > 0; --before_root) field(at);
  char* const root = field(at);
  char* const place = field(at);
  while (*at != 0 && !equal(field(at), "-")) {  // options; how many there are differs
  }
  line.type = field(at);
  unescape(root);
  unescape(place);
  line.root = root;
  line.place = place;
}

}  // namespace

char* read_mount_table(long& error) {
  Fd file;
  error = take(kernel::openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), file);
  if (error < 0) return nullptr;
  char* const text = static_cast<char*>(allocate(kLargest));
  error = text == nullptr ? -ENOMEM : 0;
  long size = 0;
  for (long count = 1; error >= 0 && count > 0; size += count) {
    count = kernel::read(file.get(), text + size, kLargest - 1 - static_cast<size_t>(size));
    error = count < 0 ? count : 0;
  }
  if (error < 0) return nullptr;
  text[size] = 0;
  return text;
}

bool next_mount(char*& text, MountLine& line) {
  if (*text == 0) return false;
  char* const begin = text;
  while (*text != 0 && *text != '\n') ++text;
  if (*text == '\n') *text++ = 0;
  cut(begin, line);
  return true;
}

bool is_below(const char* path, const char* directory) {
  if (!starts_with(path, directory)) return false;
  const size_t size = length(directory);
  return path[size] == 0 || path[size] == '/' || (size > 0 && directory[size - 1] == '/');
}

}  // namespace crumb::init
