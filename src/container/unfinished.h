// A container on its way to be one: what create and restore record first, and what becomes of it when they fail.
#pragma once

#include <vector>

#include "container/bundle.h"
#include "container/container.h"
#include "container/hooks.h"
#include "container/store.h"
#include "plan/plan.h"

namespace crumb::container {

// Removes what was made of a container, cgroups first: as long as the directory is there, `delete --force` can do it again.
// Then its poststop hooks run.
class Unfinished {
 public:
  Unfinished(const Runtime& runtime, Entry& entry, const plan::Host& host, const Hooks& hooks)
      : runtime_(runtime), entry_(entry), host_(host), hooks_(hooks) {}
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  // Before that the unit, and the leaves, may be somebody else's.
  void owns_scope() { has_scope_ = host_.scope.has_value(); }
  void owns_cgroups() { has_cgroups_ = true; }
  void finish() { finished_ = true; }

 private:
  const Runtime& runtime_;
  Entry& entry_;
  const plan::Host& host_;
  const Hooks& hooks_;
  bool has_scope_ = false, has_cgroups_ = false, finished_ = false;
};

// What comes before a cgroup is made: crumb's copy of the config is on disk, and the state that the caller writes is enough for
// `delete --force` to find it. Cgroups that are in use are refused, and must never get there: whoever deletes the container
// kills all that is in them.
State announce(const Entry& entry, const CreateOptions& options, const Bundle& bundle, const plan::Plan& plan);

// The process is there, from now on.
void record(const Entry& entry, State& state, int pid);

}  // namespace crumb::container
