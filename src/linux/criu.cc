#include "linux/criu.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "linux/helper.h"
#include "linux/process.h"

extern char** environ;

namespace crumb::linux::criu {
namespace {

constexpr char kName[] = "criu";
constexpr std::size_t kLargestMessage = 64U << 10;  // bytes; criu's own limit of a packet is smaller

// A list of what the child does with its descriptors, and its signals.
class Settings {
 public:
  Settings() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t nothing;
    sigemptyset(&nothing);
    posix_spawnattr_setsigmask(&attributes_, &nothing);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~Settings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void open_nothing() {
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
  }
  // dup2 of a descriptor to itself takes its close-on-exec flag away (POSIX.1-2024).
  void keep(int fd) { posix_spawn_file_actions_adddup2(&actions_, fd, fd); }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

Fd take_descriptor(msghdr& header) {
  Fd first;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    first.reset(number);
  }
  return first;
}

Answer require_success(Answer answer, const char* what) {
  if (answer.success) return answer;
  throw fail("criu cannot tell its {}: {}", what, answer.message.empty() ? errno_text(answer.error) : answer.message);
}

}  // namespace

std::string find(const std::string& what) {
  std::string path = find_in_path(kName);
  if (path.empty()) throw fail("{}: criu is not installed: there is no such program in $PATH", what);
  return path;
}

Program::Program(const std::string& path, Streams streams, const std::vector<int>& inherited) {
  int ends[2];
  check(kernel::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socket pair to criu");
  socket_ = Fd(ends[0]);
  const Fd low(ends[1]);
  const Fd theirs(check(kernel::fcntl(low.get(), F_DUPFD_CLOEXEC, 3), "socket pair to criu"));
  Settings settings;
  if (streams == Streams::none) settings.open_nothing();
  settings.keep(theirs.get());
  for (const int fd : inherited) settings.keep(fd);

  std::string name = kName, mode = "swrk", number = std::to_string(theirs.get());
  const std::array<char*, 4> arguments{name.data(), mode.data(), number.data(), nullptr};
  want_children();
  const int error = posix_spawn(&pid_, path.c_str(), settings.actions(), settings.attributes(), arguments.data(), environ);
  if (error != 0) throw fail("start {}: {}", path, errno_text(error));
}

Program::~Program() {
  socket_.reset();
  try {
    if (pid_ != 0) reap(pid_);
  } catch (const Error&) {
    // Not ours any more: nothing to reap.
  }
}

void Program::send(const std::string& bytes) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  long result = 0;
  do result = kernel::sendmsg(socket_.get(), &header, MSG_NOSIGNAL);
  while (result == -EINTR);
  if (result == -EPIPE || result == -ECONNRESET) throw end_without_answer();
  check(result, "message to criu");
}

// False at the end of file.
bool Program::receive(Packet& packet) {
  packet.bytes.resize(kLargestMessage);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  long result = 0;
  do result = kernel::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  while (result == -EINTR);
  if (result == -ECONNRESET) return false;
  check(result, "message from criu");
  packet.descriptor = take_descriptor(header);
  packet.bytes.resize(static_cast<std::size_t>(result));
  if (header.msg_flags & MSG_TRUNC) throw fail("criu does not keep to its protocol: a message of more than {} bytes", result);
  return result > 0;
}

Error Program::end_without_answer() {
  const int code = reap(std::exchange(pid_, 0));
  if (code > 128) return fail("criu was killed by signal {}", code - 128);
  return fail("criu ended with exit code {} and without an answer", code);
}

Answer Program::ask(const std::string& request, const Listener& listener) {
  send(request);
  std::exception_ptr refusal;
  for (;;) {
    Packet packet;
    const bool heard = receive(packet);
    Answer answer = heard ? decode(packet.bytes) : Answer{};
    if (refusal && answer.type != Type::notify) std::rethrow_exception(refusal);
    if (!heard) throw end_without_answer();
    if (answer.type != Type::notify) return answer;
    Notice notice{std::move(answer.script), answer.script_pid, std::move(packet.descriptor)};
    try {
      if (listener && !refusal) listener(notice);
    } catch (const Error&) {
      refusal = std::current_exception();
    }
    send(encode_notified(!refusal));
  }
}

Version version_of(const std::string& path) {
  return require_success(Program(path).ask(encode(Type::version)), "version").version;
}

Features features_of(const std::string& path, const Features& asked) {
  return require_success(Program(path).ask(encode(asked)), "features").features;
}

}  // namespace crumb::linux::criu
