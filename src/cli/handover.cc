#include "cli/handover.h"

#include <unistd.h>

#include <cstdlib>

#include "cli/numbers.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::cli {

void take_activation(const char* listen_fds, const char* listen_pid, const char* listen_names, int pid,
                     container::Handover& target) {
  if (listen_fds == nullptr || *listen_fds == 0) return;
  if (listen_pid != nullptr && *listen_pid != 0) {
    const std::optional<std::uint32_t> meant = parse_number(listen_pid);
    if (!meant) throw fail("environment variable LISTEN_PID: {} is not a process id", quote(listen_pid));
    if (*meant != static_cast<std::uint32_t>(pid)) return;
  }
  const std::optional<std::uint32_t> count = parse_number(listen_fds);
  if (!count) throw fail("environment variable LISTEN_FDS: {} is not a number", quote(listen_fds));
  target.listen_fds = *count;
  if (listen_names != nullptr) target.listen_names = listen_names;
}

void take_activation(container::Handover& target) {
  take_activation(std::getenv("LISTEN_FDS"), std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDNAMES"), getpid(), target);
}

}  // namespace crumb::cli
