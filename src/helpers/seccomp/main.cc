// crumb-seccomp: a profile on stdin, its filter on stdout. crumb starts it when the filter cache has none
// (linux/seccomp_filter.h).
#include <exception>

#include "helpers/seccomp/filter.h"
#include "kernel/call.h"
#include "kernel/seam.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::seccomp {
namespace {

void say(std::string line) { write_all(2, line += '\n', "stderr"); }

void run() {
  const Filter filter = build_filter(parse_profile(read_all(0, "stdin")));
  for (const std::string& line : filter.left_out) say(line);
  write_all(1, {reinterpret_cast<const char*>(filter.program.data()), filter.program.size() * sizeof(sock_filter)}, "stdout");
}

}  // namespace
}  // namespace crumb::seccomp

int main() {
  try {
    crumb::seccomp::run();
    return 0;
  } catch (const std::exception& error) {
    crumb::seccomp::say(error.what());
  }
  return 1;
}
