// Terminals by the kernel's own structures, which are not libc's: not to be included beside <termios.h> or <sys/ioctl.h>.
#pragma once

#include <asm/termios.h>

#include "kernel/call.h"

namespace crumb::kernel {

inline constexpr unsigned kMultiplexerMajor = 5, kMultiplexerMinor = 2;  // /dev/ptmx, and every master opened through one
inline constexpr unsigned long kMultiplexer = kMultiplexerMajor << 8 | kMultiplexerMinor;

template <class T>
unsigned long address_of(T& object) {
  return reinterpret_cast<unsigned long>(&object);
}

// Of a master these are its slave's.
inline long get_modes(int terminal, termios& modes) { return ioctl(terminal, TCGETS, address_of(modes)); }
inline long set_modes(int terminal, const termios& modes) { return ioctl(terminal, TCSETS, address_of(modes)); }
inline long get_size(int terminal, winsize& size) { return ioctl(terminal, TIOCGWINSZ, address_of(size)); }
inline long set_size(int terminal, const winsize& size) { return ioctl(terminal, TIOCSWINSZ, address_of(size)); }

// The process group in the foreground; -ENOTTY unless it is the caller's controlling terminal.
inline long get_foreground(int terminal, int& group) { return ioctl(terminal, TIOCGPGRP, address_of(group)); }

inline long become_controlling(int terminal) { return ioctl(terminal, TIOCSCTTY, 0); }

// A new master is locked: nobody can open its slave.
inline long unlock_slave(int master) {
  const int locked = 0;
  return ioctl(master, TIOCSPTLCK, address_of(locked));
}

// A descriptor of the slave without any path (Linux 4.13).
inline long open_slave(int master, int flags) { return ioctl(master, TIOCGPTPEER, static_cast<unsigned long>(flags)); }

}  // namespace crumb::kernel
