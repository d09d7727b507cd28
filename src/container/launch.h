// crumb-init on its way from spawn to the program: one object for create and exec. It owns the first stage, the container's
// process and the socket; until release() its destructor kills and reaps both, so that whoever throws leaves no process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "container/container.h"
#include "container/groups.h"
#include "container/session.h"
#include "linux/channel.h"
#include "plan/plan.h"
#include "plan/wire.h"
#include "support/fd.h"
#include "wasm/job.h"

namespace crumb::container {

// The first descriptor number behind 0, 1, 2 and the `preserved` ones that are handed over.
int first_unpreserved(std::uint32_t preserved);

// `fd` under a number that init may inherit it with: above 0, 1, 2 and the preserved descriptors. Close-on-exec.
Fd above_preserved(Fd fd, std::uint32_t preserved);

// Throws when one of those that are to be handed over is not open, and makes all above them close-on-exec, whoever opened them:
// init inherits what it needs and nothing else.
void settle_descriptors(const Handover& handover);

class Launch {
 public:
  // Spawns crumb-init. The FIFOs (create) or the pidfd (exec) are inherited under their own numbers, see above_preserved().
  struct Inheritance {
    int start = -1, result = -1, pidfd = -1;
    std::uint32_t preserved = 0;   // number of descriptors from 3 on that are handed over
    std::vector<int> others = {};  // what steps name by number
  };
  Launch(const Runtime& runtime, const plan::Plan& plan, const Inheritance& inheritance);
  ~Launch();
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  // What the caller adds as soon as the process is known (init goes on meanwhile), and at the points `ready` (before the
  // answer), `console`, `seccomp` and `mounted`. `born` has to call join_groups(): `placed` follows, or the question has come
  // already.
  struct Records {
    std::function<void(int pid)> born, ready;
    std::function<void(Fd master)> console = {};
    std::function<void(int pid, std::uint64_t listener)> seccomp = {};
    std::function<void(int pid)> mounted = {};
  };
  void prepare(const Records& records);

  // exec: returns when the program runs.
  void await_program(bool foreground);

  // Moves the process into the Plan's cgroups and its RDT group, which must be there: at the latest when it has met `placed`,
  // it is in all of them.
  void join_groups() { entrances_ = container::join_groups(plan_.host, pid_); }

  int pid() const { return pid_; }

  // After prepare(): the module that is to be compiled in the background once it runs, its descriptor in the process, and one
  // of the same open file.
  struct Wanted {
    wasm::Wanted module;
    int descriptor = -1;
    Fd file = {};
  };
  const std::optional<Wanted>& wanted() const { return wanted_; }

  // From now on the process lives on without this object. What crumb-init was executed from is the caller's to close: where it
  // is a mount of its own that takes the kernel a while.
  Fd release() {
    released_ = true;
    return std::move(program_);
  }

 private:
  Launch(const Runtime& runtime, const plan::Plan& plan, std::pair<linux::Channel, Fd> sync);
  void spawn(const Inheritance& inheritance);
  void start(const plan::Fork* first, const std::vector<std::string>& arguments, const std::vector<int>& inherited, int cgroup);
  void adopt(std::uint64_t number);
  Answer map();
  void born(const Records& records);
  Answer place();
  Answer judge_program(Question& question);
  const char* why_not_wait() const;
  int end(int& process);
  Error obituary();
  void trace_steps();

  const Runtime& runtime_;
  const plan::Plan& plan_;
  linux::Channel sync_;
  Fd init_end_;  // of the socket; closed once init has its own
  Fd program_;
  Fd times_;  // of the steps, with crumb --trace
  Session session_;
  Answer entrances_;     // to cgroups: the answer to `placed`
  int report_ = -1;      // where the engine puts its failure, a number in init
  int first_stage_ = 0;  // 0: reaped
  int pid_ = 0;          // of the container's process; 0: not yet, or reaped
  std::optional<Wanted> wanted_;
  bool released_ = false;
};

}  // namespace crumb::container
