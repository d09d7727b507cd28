#include "container/terminal.h"

#include "linux/process.h"
#include "linux/relay.h"
#include "linux/unix_socket.h"
#include "linux/user_terminal.h"
#include "support/error.h"
#include "support/trace.h"

namespace crumb::container {
namespace {

constexpr char kOption[] = "--console-socket";
constexpr char kName[] = "/dev/ptmx";  // what the message calls the master

}  // namespace

Terminal::Terminal(const oci::Process& process, const std::string& console_socket, bool detach) : wanted_(process.terminal) {
  const bool has_socket = !console_socket.empty();
  if (wanted_ && detach && !has_socket)
    throw Error("process.terminal: cannot allocate tty if crumb will detach without setting console socket");
  if (has_socket && !(wanted_ && detach))
    throw fail("{}: cannot use console socket if crumb will not detach or allocate tty", kOption);
  if (has_socket) socket_ = linux::connect_socket(console_socket, kOption);
}

void Terminal::take(Fd master) {
  linux::require_master(master.get());
  if (socket_) return linux::send_descriptor(socket_.get(), master.get(), kName, kOption);
  linux::leave_line_feeds(master.get());
  if (const auto size = linux::user_window_size()) linux::set_window_size(master.get(), *size);
  master_ = std::move(master);
}

int Terminal::wait(int pid) {
  const trace::Span span("wait for the container's process to end");
  return master_ ? linux::reap_relaying_terminal(pid, std::move(master_)) : linux::reap_forwarding_signals(pid);
}

}  // namespace crumb::container
