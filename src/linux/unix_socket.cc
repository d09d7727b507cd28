#include "linux/unix_socket.h"

#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "support/error.h"

namespace crumb::linux {
namespace {

constexpr long kPatienceMilliseconds = 5000;

long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

Fd find_socket(const std::string& path, const std::string& what) {
  const long opened = kernel::openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC);
  if (opened == -ENOENT) throw fail("{}: \"{}\" does not exist", what, path);
  Fd found(check(opened, "{}: \"{}\"", what, path));
  struct stat facts{};
  check(kernel::fstat(found.get(), &facts), "{}: \"{}\"", what, path);
  if (!S_ISSOCK(facts.st_mode)) throw fail("{}: \"{}\" is not a socket", what, path);
  return found;
}

// An address has room for 107 characters, the way through /proc always fits.
sockaddr_un address_of(const Fd& found) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}", found.get());
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

}  // namespace

Fd connect_socket(const std::string& path, const std::string& what) {
  constexpr long kPauseNanoseconds = 10'000'000;
  const Fd found = find_socket(path, what);
  const sockaddr_un address = address_of(found);
  Fd socket(check(kernel::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "{}: socket", what));
  const long end = now() + kPatienceMilliseconds;
  for (;;) {
    const long result = kernel::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (result == -EAGAIN && now() >= end) throw fail("{}: \"{}\": nobody accepts the connection", what, path);
    if (result != -EAGAIN && result != -EINTR) return check(result, "{}: connect to \"{}\"", what, path), std::move(socket);
    kernel::nanosleep(kPauseNanoseconds);
  }
}

namespace {

void send_rest(int socket, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    pollfd writable{socket, POLLOUT, 0};
    const long ready = kernel::poll(&writable, 1, kPatienceMilliseconds);
    if (ready == -EINTR) continue;
    if (check(ready, "{}: send", what) == 0) throw fail("{}: nobody reads what is sent", what);
    iovec bytes{const_cast<char*>(text.data()), text.size()};
    msghdr header{};
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
    const long sent = kernel::sendmsg(socket, &header, MSG_NOSIGNAL);
    if (sent == -EINTR || sent == -EAGAIN) continue;
    text.remove_prefix(static_cast<std::size_t>(check(sent, "{}: send", what)));
  }
}

}  // namespace

void send_descriptor(int socket, int descriptor, std::string_view text, const std::string& what) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  long result = 0;
  do result = kernel::sendmsg(socket, &header, MSG_NOSIGNAL);
  while (result == -EINTR);
  check(result, "{}: send a descriptor", what);
  send_rest(socket, text.substr(static_cast<std::size_t>(result)), what);
}

}  // namespace crumb::linux
