// The program criu, which writes processes to files and makes them again: started as `criu swrk FD`, asked one thing by its RPC
// (criu_messages.h) and reaped.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "linux/criu_messages.h"
#include "support/error.h"
#include "support/fd.h"

namespace crumb::linux::criu {

// What criu tells meanwhile (notify_scripts): "post-restore", "orphan-pts-master", ...
struct Notice {
  std::string script;
  int pid = 0;    // of the container's process, with the scripts that have one
  Fd descriptor;  // with "orphan-pts-master": the terminal's master
};
using Listener = std::function<void(Notice& notice)>;

// The path of criu in $PATH. Throws `WHAT: criu is not installed ...`.
std::string find(const std::string& what);

class Program {
 public:
  // What criu and so the processes that it restores have as 0, 1 and 2: nothing to read or write, or crumb's own.
  enum class Streams { none, own };

  // `inherited` descriptors keep their numbers.
  explicit Program(const std::string& path, Streams streams = Streams::none, const std::vector<int>& inherited = {});

  // Closes the socket, which makes criu give up what it does, and waits for its end.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int pid() const { return pid_; }

  // Once only. The answer, which may be that criu failed. An Error of `listener` makes criu give up, and is thrown when it has
  // done so. Throws when criu ends without an answer.
  Answer ask(const std::string& request, const Listener& listener = {});

 private:
  struct Packet {
    std::string bytes;
    Fd descriptor;
  };
  void send(const std::string& bytes);
  bool receive(Packet& packet);
  Error end_without_answer();

  Fd socket_;
  int pid_ = 0;  // 0: reaped
};

// What criu at `path` says of itself; throws likewise, and where it answers that it failed.
Version version_of(const std::string& path);
Features features_of(const std::string& path, const Features& asked);

}  // namespace crumb::linux::criu
