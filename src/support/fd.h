// A file descriptor that closes itself. Moves, never copies.
#pragma once

#include <utility>

#include "kernel/call.h"

namespace crumb {

class Fd {
 public:
  Fd() = default;
  explicit Fd(long number) : number_(static_cast<int>(number)) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.number_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number = -1) {
    if (number_ >= 0) kernel::close(number_);
    number_ = number;
  }

 private:
  int number_ = -1;
};

}  // namespace crumb
