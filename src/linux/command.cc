#include "linux/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "linux/process.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

// A list of what the child does with its descriptors.
class Redirections {
 public:
  explicit Redirections(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, 1);
    posix_spawn_file_actions_adddup2(&actions_, output, 2);
  }
  ~Redirections() { posix_spawn_file_actions_destroy(&actions_); }
  Redirections(const Redirections&) = delete;
  Redirections& operator=(const Redirections&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

}  // namespace

std::string output_of(const std::vector<std::string>& arguments) {
  const std::string& name = arguments.at(0);
  int ends[2] = {-1, -1};
  check(kernel::pipe2(ends, O_CLOEXEC), "pipe to {}", name);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const Redirections redirections(writer.get());
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  want_children();
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), redirections.get(), nullptr, argv.data(), environ);
  if (error != 0) throw fail("{}: {}", name, errno_text(error));
  writer.reset();
  std::string output = read_all(reader.get(), name);
  const int code = reap(child);
  if (code == 0) return output;
  while (output.ends_with('\n')) output.pop_back();
  throw fail("{}: exit code {}: {}", name, code, output);
}

}  // namespace crumb::linux
