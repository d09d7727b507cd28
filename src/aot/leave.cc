#include "aot/leave.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace crumb::aot {
namespace {

int taken = STDERR_FILENO;

void say(const char* text) { (void)!::write(taken, text, std::strlen(text)); }

}  // namespace

int take_streams() {
  constexpr int kFirst = 3;
  const int errors = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kFirst);
  if (errors >= 0) taken = errors;
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, kFirst);
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (output < 0 || nothing < 0 || ::dup2(nothing, STDOUT_FILENO) < 0 || ::dup2(nothing, STDERR_FILENO) < 0) return -1;
  return output;
}

int messages() { return taken; }

bool nobody_listens() {
  pollfd pipe = {taken, 0, 0};
  return ::poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLERR) != 0;
}

void give_up(const char* text) {
  say("crumb-aot: ");
  say(text);
  say("\n");
  ::_exit(kFailed);
}

void give_up(const std::string& text) {
  std::string line = text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  give_up(line.c_str());
}

}  // namespace crumb::aot
