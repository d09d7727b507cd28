#include "aot/leave.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "wire/code.h"

namespace crumb::aot {
namespace {

int taken = STDERR_FILENO;

void say(const char* text) { (void)!::write(taken, text, std::strlen(text)); }

[[noreturn]] void leave(const char* text, int code) {
  say("crumb-aot: ");
  say(text);
  say("\n");
  ::_exit(code);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

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

void give_up(const char* text) { leave(text, wire::kCompilerRefuses); }
void give_up(const std::string& text) { give_up(one_line(text).c_str()); }

void be_unable(const char* text) { leave(text, wire::kCompilerUnable); }
void be_unable(const std::string& text) { be_unable(one_line(text).c_str()); }

}  // namespace crumb::aot
