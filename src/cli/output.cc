#include "cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "kernel/call.h"
#include "support/file.h"

namespace crumb::cli {

void print(std::string_view text) { write_all(1, text, "standard output"); }

void show_progress(std::string_view text) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (!terminal) return;
  winsize size{};
  kernel::ioctl(STDERR_FILENO, TIOCGWINSZ, reinterpret_cast<unsigned long>(&size));
  if (size.ws_col > 0) text = text.substr(0, size.ws_col - 1U);  // of a longer one only the last row would be erased
  const std::string line = fmt::format("\r\033[K{}", text);      // to the line's beginning, erase it
  kernel::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace crumb::cli
