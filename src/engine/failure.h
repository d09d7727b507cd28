// How parts of the engine say that something went wrong: functions return a Failure, which is false when all is well.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace crumb::engine {

struct Failure {
  int error = 0;         // errno for the record that crumb reads; 0: no failure
  std::string text;      // one line without the module's name, for people
  bool trapped = false;  // the guest did it, in its start section

  explicit operator bool() const { return error != 0; }
};

inline Failure not_runnable(std::string text) { return {ENOEXEC, std::move(text)}; }

}  // namespace crumb::engine
