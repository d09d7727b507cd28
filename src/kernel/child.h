// Waiting for a child that may hang, or write and write: a time limit, another process without which it makes no sense, and the
// end of its output for a message. Freestanding: crumb and crumb-init wait for hooks alike.
#pragma once

#include <stddef.h>

#include "kernel/call.h"
#include "kernel/fd.h"

namespace crumb::kernel {

// The last bytes of what was written.
class Tail {
 public:
  static constexpr size_t kKept = 400;

  void add(const char* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) ring_[written_++ % kKept] = bytes[i];
  }

  // One line without control characters or the half of one, NUL-terminated.
  void line(char (&text)[kKept + 1]) const {
    size_t size = 0;
    for (size_t at = written_ > kKept ? written_ - kKept : 0; at < written_; ++at) {
      const auto byte = static_cast<unsigned char>(ring_[at % kKept]);
      const bool rest = size == 0 && (byte & 0xc0) == 0x80;  // of a character that is cut off
      const bool blank = byte <= ' ' || byte == 0x7f;
      if (rest || (blank && (size == 0 || text[size - 1] == ' '))) continue;
      text[size++] = blank ? ' ' : static_cast<char>(byte);
    }
    if (size > 0 && text[size - 1] == ' ') --size;
    text[size] = 0;
  }

 private:
  char ring_[kKept] = {};
  size_t written_ = 0;
};

struct Attended {
  int pid = 0;       // a child that leads a process group of its own
  int output = -1;   // end of a pipe that it writes to, non-blocking; -1: none
  int needed = -1;   // pidfd of the process without which it makes no sense; -1: none
  long seconds = 0;  // that it may take; 0: any number
  int status = 0;    // as wait4 gives it
  Tail tail;
};

namespace child {

inline long now() {
  timespec time{};
  kernel::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// False at the end of the output. It takes no more than a pipe holds: who it leaves behind may write for ever.
inline bool read_output(Attended& child) {
  char bytes[4096];
  for (int pages = 0; pages < 16; ++pages) {
    const long size = kernel::read(child.output, bytes, sizeof bytes);
    if (size == 0) return false;
    if (size < 0) return true;
    child.tail.add(bytes, static_cast<size_t>(size));
  }
  return true;
}

// Until the child ends: 0, or why it is not waited for any longer.
inline long watch(Attended& child, int pidfd) {
  const long limit = now() + child.seconds * 1000;
  pollfd events[] = {{pidfd, POLLIN, 0}, {child.output, POLLIN, 0}, {child.needed, POLLIN, 0}};
  for (;;) {
    const long left = child.seconds == 0 ? -1 : limit - now();
    if (child.seconds != 0 && left <= 0) return -ETIME;
    const long result = kernel::poll(events, 3, left);
    if (result == -EINTR) continue;
    if (result < 0) return result;
    if (events[1].revents != 0 && !read_output(child)) events[1].fd = -1;
    if (events[0].revents != 0) return 0;
    if (events[2].revents != 0) return -EOWNERDEAD;
  }
}

}  // namespace child

// Reaps the child. 0 when it exited with 0; -ECHILD when it ended otherwise (status); -ETIME and -EOWNERDEAD when it took too
// long and when the needed process ended: it, and its process group, are killed then; -errno when it cannot be waited for,
// likewise.
inline long attend(Attended& child) {
  Fd pidfd;
  long result = take(kernel::pidfd_open(child.pid, 0), pidfd);
  if (result >= 0) result = child::watch(child, pidfd.get());
  if (result < 0) {
    kernel::kill(-child.pid, SIGKILL);
    kernel::kill(child.pid, SIGKILL);
  }
  long reaped = 0;
  do reaped = kernel::wait4(child.pid, &child.status, 0);
  while (reaped == -EINTR);
  if (child.output >= 0) child::read_output(child);
  if (result < 0 || reaped < 0) return result < 0 ? result : reaped;
  return child.status == 0 ? 0 : -ECHILD;
}

}  // namespace crumb::kernel
