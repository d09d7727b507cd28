#include "linux/relay.h"

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>

#include "linux/user_terminal.h"
#include "linux/waiting.h"
#include "support/error.h"

namespace crumb::linux {
namespace {

constexpr int kInput = 0, kOutput = 1;
// Not more than a pipe takes at once when poll(2) says that it can be written to: a reader that stops must not stop the
// signals.
constexpr std::size_t kPiece = 4096;
constexpr long kForEver = -1;

class Relay {
 public:
  Relay(int pid, Fd master) : pid_(pid), master_(std::move(master)) {
    check(kernel::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK), "terminal");
    resize();
  }
  int run();

 private:
  enum Place { kSignals, kUser, kMaster, kUserOut, kPlaces };

  void wait(pollfd (&events)[kPlaces]) const;
  std::optional<int> take_signal();
  void resize() const;
  void take_input();
  void end_input(bool at_end);
  void give_input();
  long read_master();
  bool take_output();
  void give_output();
  bool wait_for_reader() const;
  void drain();

  const int pid_;
  const Fd master_;
  const Signals signals_;
  RawMode raw_mode_;
  std::string input_, output_;  // read and not yet written
  char last_input_ = '\n';
  bool input_open_ = true;
  bool slave_open_ = true;  // as far as we know
};

int Relay::run() {
  if (const std::optional<int> code = reap_ended(pid_)) return drain(), *code;
  for (;;) {
    pollfd events[kPlaces];
    wait(events);
    slave_open_ = true;  // looked at again, should nobody have had it open
    if (events[kSignals].revents != 0) {
      if (const std::optional<int> code = take_signal()) return drain(), *code;
    }
    if (events[kUser].revents != 0) take_input();
    if (events[kMaster].revents & POLLOUT) give_input();
    if (events[kMaster].revents & (POLLIN | POLLHUP | POLLERR)) slave_open_ = take_output();
    if (events[kUserOut].revents != 0) give_output();
  }
}

// Each side is read only when what came from it has been written: whoever is slow slows down the other.
void Relay::wait(pollfd (&events)[kPlaces]) const {
  constexpr long kNextLookMilliseconds = 100;  // at a terminal that nobody has open: poll(2) would not wait
  const auto wanted = static_cast<short>((output_.empty() ? POLLIN : 0) | (input_.empty() ? 0 : POLLOUT));
  events[kSignals] = {signals_.descriptor(), POLLIN, 0};
  events[kUser] = {input_open_ && input_.empty() ? kInput : -1, POLLIN, 0};
  events[kMaster] = {slave_open_ && wanted != 0 ? master_.get() : -1, wanted, 0};
  events[kUserOut] = {output_.empty() ? -1 : kOutput, POLLOUT, 0};
  long result = 0;
  do result = kernel::poll(events, kPlaces, slave_open_ ? kForEver : kNextLookMilliseconds);
  while (result == -EINTR);
  check(result, "terminal: wait");
}

std::optional<int> Relay::take_signal() {
  const signalfd_siginfo signal = signals_.next();
  if (signal.ssi_signo == SIGCHLD) return reap_ended(pid_);
  if (signal.ssi_signo == SIGWINCH) return resize(), std::nullopt;
  if (signal.ssi_signo == SIGCONT) raw_mode_.enter(), resize();
  forward(signal, pid_);
  return std::nullopt;
}

// The kernel tells the program.
void Relay::resize() const {
  if (const std::optional<WindowSize> size = user_window_size()) set_window_size(master_.get(), *size);
}

void Relay::take_input() {
  char piece[kPiece];
  const long size = kernel::read(kInput, piece, sizeof piece);
  if (size == -EINTR || size == -EAGAIN) return;
  if (size <= 0) return end_input(size == 0);
  input_.assign(piece, static_cast<std::size_t>(size));
  last_input_ = input_.back();
  give_input();
}

// Typed as a user would: at the beginning of a line once, else the first one only ends the line.
void Relay::end_input(bool at_end) {
  input_open_ = false;
  const std::optional<char> end = at_end ? end_of_file_character(master_.get()) : std::nullopt;
  if (end) input_.assign(last_input_ == '\n' ? 1 : 2, *end);
  give_input();
}

void Relay::give_input() {
  const long size = input_.empty() ? 0 : kernel::write(master_.get(), input_.data(), input_.size());
  if (size == -EAGAIN || size == -EINTR) return;
  // Nobody has the slave open: the kernel would drop it too.
  input_.erase(0, size < 0 ? input_.size() : static_cast<std::size_t>(size));
}

// Bytes that are now in output_, or -errno; EIO: nobody has the slave open.
long Relay::read_master() {
  char piece[kPiece];
  const long size = kernel::read(master_.get(), piece, sizeof piece);
  if (size > 0) output_.assign(piece, static_cast<std::size_t>(size));
  return size;
}

// False when nothing can come for now.
bool Relay::take_output() {
  const long size = read_master();
  if (size > 0) give_output();
  return size > 0 || size == -EAGAIN || size == -EINTR;
}

void Relay::give_output() {
  pollfd room{kOutput, POLLOUT, 0};
  if (kernel::poll(&room, 1, 0) <= 0) return;
  const long size = kernel::write(kOutput, output_.data(), output_.size());
  if (size == -EAGAIN || size == -EINTR) return;
  // A reader that is gone does not stop the program.
  output_.erase(0, size < 0 ? output_.size() : static_cast<std::size_t>(size));
}

// False when a signal came first: nobody reads, and nobody shall wait for that any longer.
bool Relay::wait_for_reader() const {
  pollfd events[] = {{kOutput, POLLOUT, 0}, {signals_.descriptor(), POLLIN, 0}};
  while (kernel::poll(events, 2, kForEver) > 0 && events[0].revents == 0)
    if (signals_.next().ssi_signo != SIGCHLD) return false;
  return true;
}

// What was written before the program's end: the kernel keeps some ten KiB of it at most, and a process that the program has
// left behind may go on writing for ever.
void Relay::drain() {
  constexpr int kMostPieces = 64;
  for (int pieces = 0; pieces < kMostPieces; ++pieces) {
    for (; !output_.empty(); give_output())
      if (!wait_for_reader()) return;
    if (read_master() <= 0) return;
  }
}

}  // namespace

int reap_relaying_terminal(int pid, Fd master) { return Relay(pid, std::move(master)).run(); }

}  // namespace crumb::linux
