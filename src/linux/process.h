// Processes of containers as crumb sees them from outside: identity that survives pid reuse, signals, waiting, limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "support/fd.h"

namespace crumb::linux {

// Clock ticks after boot (proc(5), /proc/PID/stat field 22). Nothing when the process is gone or a zombie. Throws when /proc
// cannot be read: a process is never taken for dead because crumb could not look.
std::optional<std::uint64_t> start_time(int pid);

// A process that cannot be mistaken for a later one with its number.
class Process {
 public:
  // Nothing unless `pid` is alive and started at `start`.
  static std::optional<Process> find(int pid, std::uint64_t start);

  int pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }

  // False when it has ended.
  bool send_signal(int signal) const;

  // True when it has ended (a zombie too) within `milliseconds`; negative: for ever.
  bool wait_end(long milliseconds) const;

 private:
  Process(int pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  int pid_;
  Fd pidfd_;
};

// Before a child is started whose exit code matters: a caller that ignores SIGCHLD hands that down, and the kernel would then
// reap our children itself.
void want_children();

// Whether a child has ended, which is left to be reaped.
bool has_ended(int pid);

// Reaps a child: its exit code, 128+n after signal n. Waits for it.
int reap(int pid);

// The same, and until then every signal that crumb gets and can catch goes to the child, those of job control too; SIGCHLD and
// SIGURG excepted. Other children that end meanwhile are reaped too. Signals stay blocked: crumb ends soon after.
int reap_forwarding_signals(int pid);
// For so long at most: nothing when the child has not ended by then. Negative: for ever.
std::optional<int> reap_forwarding_signals(int pid, long milliseconds);

void set_limits(int pid, const std::vector<plan::Rlimit>& limits);
void set_oom_score_adj(int pid, int score);

// A copy of the descriptor that `pid`, a child of crumb that nobody has reaped, has under this number. `what` opens messages.
Fd take_descriptor(int pid, std::uint64_t number, const std::string& what);

// CLONE_NEW* mask of the namespaces in which `pid` differs from crumb, of those that a container can have.
std::uint64_t foreign_namespaces(int pid);

// Whether the file at `path` is crumb's own namespace of this CLONE_NEW* type. False for what is no namespace.
bool is_own_namespace(const std::string& path, std::uint64_t type);

// Starts `program` (open_executable) by vfork and execveat with no environment but the seam's and no signal blocked.
// `inherited` descriptors keep their numbers there; 0, 1, 2 are crumb's; everything else is close-on-exec anyway. Returns the
// child's pid.
int spawn(int program, const std::vector<std::string>& arguments, const std::vector<int>& inherited);

// Starts one of our helpers by its path, with nothing of crumb's: no environment but what is given, these descriptors (above 2)
// as its 0, 1 and 2 and no other, "/" as its working directory. `arguments`: behind its name. Returns the child's pid.
struct Streams {
  int in, out, err;
};
int spawn_helper(const std::string& path, const Streams& streams, const std::vector<std::string>& arguments = {},
                 const std::vector<std::string>& environment = {});

// A program of somebody else's: by its path, with all that it gets.
struct Command {
  std::string path;
  std::vector<std::string> arguments, environment;  // argv, argv[0] included, and NAME=value
  std::string directory;                            // its working directory; "/" where that is not there
  Streams streams;                                  // above 2
};

// Starts it with no other descriptor, every signal as by default, leading a process group of its own; it dies with crumb.
// Returns the child's pid, or -errno when it cannot be executed.
long spawn_command(const Command& command);

}  // namespace crumb::linux
