#include "engine/printing.h"

#include <pthread.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "engine/report.h"

namespace crumb::engine {
namespace {

// Later text is dropped: the innermost frames come first. In .bss: costs nothing until something is printed.
char kept[16384];
std::size_t kept_size = 0;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // each thread of a guest may trap

int keep(const char* format, va_list arguments) {
  ::pthread_mutex_lock(&lock);
  const std::size_t room = sizeof(kept) - kept_size;
  const int written = std::vsnprintf(kept + kept_size, room, format, arguments);
  if (written > 0) kept_size += std::min(static_cast<std::size_t>(written), room - 1);
  ::pthread_mutex_unlock(&lock);
  return written;
}

// "#00: 0x0012 - name"
bool is_frame(std::string_view line) {
  return line.starts_with('#') && line.find(": 0x") != line.npos && line.find(" - ") != line.npos;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

}  // namespace

std::size_t printed_frames() {
  std::size_t count = 0;
  for (std::string_view text(kept, kept_size); !text.empty();) count += is_frame(take_line(text));
  return count;
}

std::string take_backtrace() {
  constexpr int kMostFrames = 32;
  constexpr std::size_t kLongestName = 500;  // bytes
  std::string result;
  std::string_view text(kept, kept_size);
  for (int frames = 0; !text.empty();) {
    const std::string_view line = take_line(text);
    if (!is_frame(line)) continue;
    // The offset counts WAMR's translated code, in the first frame of a fault it is garbage: it says nothing about the module
    // and is left out.
    if (frames++ == kMostFrames) return result.append("  ...\n");
    result.append("  ")
        .append(line.substr(0, line.find(": 0x")))
        .append(" ")
        .append(printable(line.substr(line.find(" - ") + 3), kLongestName))
        .append("\n");
  }
  return result;
}

}  // namespace crumb::engine

extern "C" {

int __wrap_os_vprintf(const char* format, va_list arguments) { return crumb::engine::keep(format, arguments); }

int __wrap_os_printf(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int written = crumb::engine::keep(format, arguments);
  va_end(arguments);
  return written;
}
}
