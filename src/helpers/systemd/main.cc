// crumb-systemd: a request to systemd on stdin, what it says on stdout. crumb starts it for --systemd-cgroup
// (linux/systemd.h).
#include <exception>

#include "helpers/systemd/manager.h"
#include "support/error.h"
#include "support/file.h"
#include "wire/systemd_request.h"

namespace crumb::systemd {
namespace {

std::string answer(const Request& request) {
  Manager manager(request.addresses, request.patience);
  if (request.command == wire::kSystemdFind) return manager.own_cgroup();
  if (request.command == wire::kSystemdStart) return manager.start(request.unit, request.properties);
  if (request.command == wire::kSystemdSet) return manager.set(request.unit, request.properties), "";
  if (request.command == wire::kSystemdStop) return manager.stop(request.unit), "";
  throw fail("the request is for \"{}\"", request.command);
}

// systemd's words may be anything: crumb takes one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text + "\n";
}

}  // namespace
}  // namespace crumb::systemd

int main() {
  using namespace crumb;
  try {
    write_all(1, systemd::answer(systemd::parse_request(read_all(0, "stdin"))), "stdout");
    return 0;
  } catch (const std::exception& error) {
    write_all(2, systemd::one_line(error.what()), "stderr");
  }
  return 1;
}
