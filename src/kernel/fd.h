// A file descriptor that closes itself. Moves, never copies. Freestanding: both sides use it (support/fd.h is the host's name).
#pragma once

#include "kernel/call.h"

namespace crumb {

class Fd {  // NOLINT(cppcoreguidelines-special-member-functions): with moves of its own it has no copies
 public:
  Fd() = default;
  explicit Fd(long number) : number_(static_cast<int>(number)) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }
  void reset(int number = -1) {
    if (number_ >= 0) kernel::close(number_);
    number_ = number;
  }

 private:
  int number_ = -1;
};

// For calls whose answer is a descriptor or -errno: 0 with `fd` holding it, or -errno with `fd` as it was.
inline long take(long answer, Fd& fd) {
  if (answer < 0) return answer;
  fd.reset(static_cast<int>(answer));
  return 0;
}

}  // namespace crumb
