// The terminal that crumb was started on, while a program in a container is used through it.
#pragma once

#include <memory>
#include <optional>

#include "support/fd.h"

namespace crumb::linux {

struct WindowSize {
  unsigned short rows = 0, columns = 0, width = 0, height = 0;  // width and height in pixels
};

// Of the first of stdin, stdout and stderr that is a terminal.
std::optional<WindowSize> user_window_size();

// Of a pseudo-terminal, by its master. Best effort: the program may be ending.
void set_window_size(int master, const WindowSize& size);

// Throws unless `master` is the master of a pseudo-terminal.
void require_master(int master);

// What the program writes is translated once, by the user's own terminal: its "\n" comes out of the master as it is.
void leave_line_feeds(int master);

// The character that means "end of file" to whoever reads the slave; none while nobody reads lines.
std::optional<char> end_of_file_character(int master);

// stdin in raw mode: every key goes to the program. What was before is restored by the destructor.
class RawMode {
 public:
  RawMode();
  ~RawMode();
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

  // Again, after the shell had the terminal (SIGCONT). Not while crumb is in the background: it is somebody else's then.
  void enter();

 private:
  struct Modes;
  std::unique_ptr<Modes> before_;  // null: not ours to change
};

}  // namespace crumb::linux
