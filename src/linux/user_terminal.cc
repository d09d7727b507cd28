#include "linux/user_terminal.h"

#include <unistd.h>

#include "kernel/terminal.h"
#include "support/error.h"

namespace crumb::linux {

struct RawMode::Modes {
  termios modes{};
};

namespace {

constexpr int kInput = 0, kError = 2;

// As cfmakeraw(3), but for the output: the user's terminal goes on turning line feeds into new lines, which the container's
// leaves to it.
termios raw(termios modes) {
  modes.c_iflag &= ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  modes.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB);
  modes.c_cflag |= CS8;
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  return modes;
}

// The kernel would let us, since SIGTTOU is blocked.
bool in_background() {
  int group = 0;
  return kernel::get_foreground(kInput, group) >= 0 && group != getpgrp();
}

}  // namespace

std::optional<WindowSize> user_window_size() {
  for (int stream = kInput; stream <= kError; ++stream) {
    winsize size{};
    if (kernel::get_size(stream, size) >= 0) return WindowSize{size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel};
  }
  return std::nullopt;
}

void set_window_size(int master, const WindowSize& size) {
  kernel::set_size(master, winsize{size.rows, size.columns, size.width, size.height});
}

void require_master(int master) {
  struct stat facts{};
  check(kernel::fstat(master, &facts), "terminal");
  if (!S_ISCHR(facts.st_mode) || facts.st_rdev != kernel::kMultiplexer)
    throw fail("crumb-init does not keep to the protocol: no terminal at \"console\"");
}

void leave_line_feeds(int master) {
  termios modes{};
  check(kernel::get_modes(master, modes), "terminal: modes");
  modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  check(kernel::set_modes(master, modes), "terminal: modes");
}

std::optional<char> end_of_file_character(int master) {
  termios modes{};
  if (kernel::get_modes(master, modes) < 0 || !(modes.c_lflag & ICANON) || modes.c_cc[VEOF] == 0) return std::nullopt;
  return static_cast<char>(modes.c_cc[VEOF]);
}

RawMode::RawMode() {
  Modes now;
  if (in_background() || kernel::get_modes(kInput, now.modes) < 0) return;
  before_ = std::make_unique<Modes>(now);
  enter();
}

RawMode::~RawMode() {
  if (before_ && !in_background()) kernel::set_modes(kInput, before_->modes);
}

void RawMode::enter() {
  if (before_ && !in_background()) kernel::set_modes(kInput, raw(before_->modes));
}

}  // namespace crumb::linux
