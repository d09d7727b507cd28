// The one exception type of the host side: a message that already names the thing, the place and the reason, and crumb's exit
// code. Thrown where the fault is found, given context on the way up ("create: ..."), printed once by main.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace crumb {

class Error : public std::exception {
 public:
  explicit Error(std::string message, int exit_code = 1) : message_(std::move(message)), exit_code_(exit_code) {}
  const char* what() const noexcept override { return message_.c_str(); }
  int exit_code() const noexcept { return exit_code_; }
  // Set for errors that the container's stderr has already shown (the engine's): main writes them to the log only.
  bool shown() const noexcept { return shown_; }
  Error& mark_shown() {
    shown_ = true;
    return *this;
  }

 private:
  std::string message_;
  int exit_code_;
  bool shown_ = false;
};

// throw fail("{}: not a directory", path)
template <class... Arguments>
Error fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return Error(fmt::format(format, std::forward<Arguments>(arguments)...));
}

// The kernel's words for an errno: "No such file or directory".
std::string errno_text(int error);

// The result of a kernel:: call (-errno on failure): returns it, or throws "<what>: <errno text>".
template <class... Arguments>
long check(long result, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  if (result < 0)
    throw Error(fmt::format(format, std::forward<Arguments>(arguments)...) + ": " + errno_text(static_cast<int>(-result)));
  return result;
}

}  // namespace crumb
