// What the tests of src/linux and of the state store share: places to work in, child processes, errors as text.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

#include "kernel/seam.h"
#include "support/error.h"
#include "support/fd.h"

namespace crumb::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "crumb-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// The same as a new file: ext4 writes one that was cut to nothing to the disk at once.
inline void put_anew(const std::string& path, const std::string& text) {
  std::filesystem::remove(path);
  put(path, text);
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader = Fd(ends[0]), writer = Fd(ends[1]);
  }
  // A byte from another process; false at end of file.
  bool wait() const {
    char byte = 0;
    return read(reader.get(), &byte, 1) == 1;
  }
  bool signal() const { return write(writer.get(), "", 1) == 1; }

  Fd reader, writer;
};

// Leaves this process `count` more descriptors than it has open.
inline void limit_descriptors(int count) {
  const int next = dup(0);
  close(next);
  const rlimit limit{static_cast<rlim_t>(next + count), static_cast<rlim_t>(next + count)};
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The message of the Error that `action` throws; empty when it throws none.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// Forks; the child exits with what `action` returns, or 99 and the message on stderr after an exception.
inline pid_t start_child(const std::function<int()>& action) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    _exit(action());
  } catch (const std::exception& error) {
    dprintf(2, "child: %s\n", error.what());
    _exit(99);
  }
}

// The wait status of a child that has ended.
inline int status_of(pid_t child) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

// What `action` does in a child: its exit code, 128+n after signal n.
inline int run_child(const std::function<int()>& action) {
  const int status = status_of(start_child(action));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// A process that does nothing; killed and reaped at the end.
class Sleeper {
 public:
  Sleeper()
      : pid_(start_child([] {
          for (;;) pause();
          return 0;
        })) {}
  ~Sleeper() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::kill(pid_, SIGCONT);
    waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  pid_t pid() const { return pid_; }
  // Waits for its end, whoever brought it: 128+n after signal n.
  int end() {
    const int status = status_of(std::exchange(pid_, 0));
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

#ifdef CRUMB_SEAM
// The Error of `action` in a child that obeys the seam's rules.
inline std::string error_under(const char* rules, const std::function<void()>& action) {
  Pipe pipe;
  const pid_t child = start_child([&] {
    kernel::seam_start(rules);
    const std::string message = error_of(action);
    return write(pipe.writer.get(), message.data(), message.size()) < 0 ? 1 : 0;
  });
  pipe.writer.reset();
  std::string message;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(pipe.reader.get(), buffer, sizeof buffer)) > 0;)
    message.append(buffer, static_cast<std::size_t>(size));
  EXPECT_EQ(status_of(child), 0) << rules;
  return message;
}
#endif

}  // namespace crumb::testing
