#include "init_case.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "kernel/call.h"
#include "wire/steps.h"

namespace crumb::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostDescriptors = 8;

// ::mount and MNT_* are libc's, whose header does not go together with the kernel's.
void make_mounts_private() { kernel::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr); }

constexpr int kShortly = 100;  // milliseconds

// The poll events that come within the time; 0: none.
short events(int fd, int milliseconds) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, milliseconds) > 0 ? wanted.revents : static_cast<short>(0);
}

bool ready_to_read(int fd) { return events(fd, kPatience) != 0; }

Fd inheritable(int fd) {
  // High numbers, so that those of the test's own program stay free.
  constexpr int kLowest = 20;
  return Fd(::fcntl(fd, F_DUPFD, kLowest));
}

Fd fifo(const std::string& name) {
  ::mkfifo(name.c_str(), 0600);
  const Fd opened(::open(name.c_str(), O_RDWR | O_CLOEXEC));
  return inheritable(opened.get());
}

std::vector<Fd> descriptors_of(msghdr& header) {
  std::vector<Fd> descriptors;
  const cmsghdr* part = CMSG_FIRSTHDR(&header);
  if (!part || part->cmsg_type != SCM_RIGHTS) return descriptors;
  for (std::size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
    descriptors.emplace_back(number);
  }
  return descriptors;
}

}  // namespace

InitCase::InitCase() {
  std::string name = (fs::temp_directory_path() / "crumb-init-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  ::chmod(folder_.c_str(), 0755);
}

void InitCase::reset() {
  for (pid_t* const pid : {&process_, &parent_process_}) {
    const pid_t ended = std::exchange(*pid, -1);
    if (ended <= 0) continue;
    ::kill(ended, SIGKILL);
    ::waitpid(ended, nullptr, 0);
  }
  // What abandon() left to us: it has ended, or has nobody to ask any more.
  sync_.reset();
  while (orphaned_ && ::waitpid(-1, nullptr, 0) > 0) {
  }
  orphaned_ = false;
  init_end_.reset();
}

InitCase::~InitCase() {
  reset();
  std::error_code error;
  fs::remove_all(folder_, error);
}

void InitCase::write_file(const std::string& name, const std::string& content, unsigned mode) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name)) << content;
  ::chmod(path(name).c_str(), mode);
}

void InitCase::make_channels(const Options& options) {
  if (init_end_) return;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  sync_ = Fd(ends[0]);
  init_end_ = inheritable(Fd(ends[1]).get());
  if (!options.fifos) return;
  start_ = fifo(path("start"));
  result_ = fifo(path("result"));
  result_reader_ = Fd(::open(path("result").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

std::string InitCase::encode(const std::vector<plan::Step>& steps, const Options& options) {
  make_channels(options);
  return plan::encode(steps, {init_end_.get(), start_.get(), result_.get()});
}

void InitCase::start(const std::vector<plan::Step>& steps, const Options& options) {
  start_bytes(encode(steps, options), options);
}

void InitCase::start_bytes(const std::string& bytes, const Options& options) {
  make_channels(options);
  const Fd memory = inheritable(Fd(::memfd_create("crumb-plan", MFD_CLOEXEC)).get());
  ASSERT_EQ(::write(memory.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  output_ = Fd(ends[0]);
  output_end_ = Fd(ends[1]);
  spawn(options.arguments.empty() ? std::to_string(memory.get()) : options.arguments, options);
  output_end_.reset();
  // Only init has them now, so that the end of file says when it has them no more.
  ::fcntl(init_end_.get(), F_SETFD, FD_CLOEXEC);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (!options.fifos) ::dup3(null, init_end_.get(), O_CLOEXEC);
  if (options.fifos) {
    ::dup3(null, init_end_.get(), O_CLOEXEC);
    ::dup3(null, result_.get(), O_CLOEXEC);
  }
  ::close(null);
}

void InitCase::become_init(const std::string& argument, const Options& options) const {
  if (::geteuid() == 0) {
    ::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET);
    make_mounts_private();
  }
  ::dup2(output_end_.get(), STDOUT_FILENO);
  const std::string rules = "CRUMB_SEAM_INIT=" + options.rules;
  const std::string program = std::string(CRUMB_TEST_BINARY_DIR) + "/libexec/crumb/crumb-init";
  const std::array<const char*, 2> environment{options.rules.empty() ? nullptr : rules.c_str(), nullptr};
  const std::array<const char*, 3> arguments{"crumb-init", argument.c_str(), nullptr};
  ::execve(program.c_str(), const_cast<char* const*>(arguments.data()), const_cast<char* const*>(environment.data()));
  ::perror(program.c_str());
  ::_exit(255);
}

void InitCase::spawn(const std::string& argument, const Options& options) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reading(ends[0]), writing(ends[1]);
  if (!options.orphan) {
    process_ = static_cast<pid_t>(kernel::clone(SIGCHLD | (options.first ? CLONE_NEWPID : 0)));
    if (process_ == 0) become_init(argument, options);
    return;
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  orphaned_ = true;
  parent_process_ = ::fork();
  if (parent_process_ == 0) {
    writing.reset();
    const pid_t child = ::fork();
    if (child == 0) become_init(argument, options);
    char nothing = 0;
    while (::read(reading.get(), &nothing, 1) > 0) {
    }
    ::_exit(0);
  }
  parent_ = std::move(writing);
}

void InitCase::abandon() {
  parent_.reset();
  ::waitpid(std::exchange(parent_process_, -1), nullptr, 0);
}

InitCase::Heard InitCase::hear() {
  Heard heard;
  iovec bytes{&heard.message, sizeof heard.message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (!ready_to_read(sync_.get())) {
    ADD_FAILURE() << "crumb-init says nothing";
    heard.end = true;
    return heard;
  }
  const ssize_t size = ::recvmsg(sync_.get(), &header, MSG_CMSG_CLOEXEC);
  heard.end = size <= 0;
  if (heard.end) return heard;
  heard.descriptors = descriptors_of(header);
  EXPECT_EQ(size, static_cast<ssize_t>(sizeof heard.message));
  EXPECT_EQ(heard.message.magic, wire::kMessageMagic);
  return heard;
}

void InitCase::say(const void* bytes, std::size_t size, const std::vector<int>& descriptors) {
  iovec part{const_cast<void*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof(int) * descriptors.size());
  }
  ASSERT_EQ(::sendmsg(sync_.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(size));
}

void InitCase::answer(wire::Point point, std::uint64_t value, const std::vector<int>& descriptors, int error) {
  wire::Message message;
  message.point = point;
  message.value = value;
  message.error = error;
  say(&message, sizeof message, descriptors);
}

wire::Message InitCase::meet(wire::Point point) {
  const Heard heard = hear();
  EXPECT_FALSE(heard.end) << "instead of point " << static_cast<unsigned>(point);
  EXPECT_EQ(heard.message.point, point) << "step " << heard.message.step << ": " << std::strerror(heard.message.error) << " "
                                        << heard.message.text;
  if (!heard.end && heard.message.point == point) answer(point);
  return heard.message;
}

void InitCase::hear_pid() {
  const Heard heard = hear();
  ASSERT_FALSE(heard.end);
  ASSERT_EQ(heard.message.point, wire::Point::pid) << std::strerror(heard.message.error) << " " << heard.message.text;
  const pid_t first = std::exchange(process_, static_cast<pid_t>(heard.message.value));
  EXPECT_EQ(reap(first), 0) << "the first stage";
}

void InitCase::expect_record(const wire::Message& message, std::uint32_t step, int error, const std::string& operand) {
  EXPECT_EQ(message.point, wire::Point::failed);
  EXPECT_EQ(message.step, step);
  EXPECT_EQ(message.error, error) << std::strerror(message.error) << " " << message.text;
  if (operand.empty()) {
    EXPECT_STREQ(message.text, "");
  } else {
    EXPECT_THAT(message.text, ::testing::HasSubstr(operand));
  }
}

void InitCase::expect_failure(std::uint32_t step, int error, const std::string& operand) {
  const Heard heard = hear();
  ASSERT_FALSE(heard.end) << "crumb-init left without a word: " << wait();
  expect_record(heard.message, step, error, operand);
  expect_end();
  EXPECT_EQ(wait(), 1);
}

int InitCase::reap(pid_t pid) {
  int status = 0;
  for (int waited = 0; waited < kPatience; waited += 2) {
    if (::waitpid(pid, &status, WNOHANG) == pid) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ADD_FAILURE() << "process " << pid << " does not end";
  ::kill(pid, SIGKILL);
  ::waitpid(pid, &status, 0);
  return -1;
}

int InitCase::wait() { return process_ > 0 ? reap(std::exchange(process_, -1)) : -1; }

std::string InitCase::output() {
  std::string text;
  std::array<char, 4096> buffer;
  while (ready_to_read(output_.get())) {
    const ssize_t size = ::read(output_.get(), buffer.data(), buffer.size());
    if (size <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ADD_FAILURE() << "stdout has no end after: " << text;
  return text;
}

std::string InitCase::of_process(const std::string& file) const {
  std::ifstream stream("/proc/" + std::to_string(process_) + "/" + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void InitCase::press_start() {
  const Fd start(::open(path("start").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::write(start.get(), "", 1), 1);
}

InitCase::Heard InitCase::hear_result() {
  Heard heard;
  EXPECT_TRUE(ready_to_read(result_reader_.get())) << "nothing on `result`";
  const long size = kernel::read(result_reader_.get(), &heard.message, sizeof heard.message);
  heard.end = size == 0;
  if (!heard.end) {
    EXPECT_EQ(size, static_cast<long>(sizeof heard.message));
  }
  return heard;
}

bool InitCase::says_more() const { return events(sync_.get(), kShortly) != 0; }

bool InitCase::result_ended() const { return events(result_reader_.get(), kShortly) != 0; }

std::vector<plan::Step> operator+(std::vector<plan::Step> a, const std::vector<plan::Step>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

plan::Meet meeting(wire::Point point) { return {.point = static_cast<std::uint64_t>(point)}; }
plan::Tell telling(wire::Point point) { return {.point = static_cast<std::uint64_t>(point)}; }
plan::Await awaiting(wire::Point point) { return {.point = static_cast<std::uint64_t>(point)}; }

}  // namespace crumb::test
