// What the steps share: the way to the host, the root, and what the program will be.
#pragma once

#include "init/plan.h"
#include "init/support.h"
#include "kernel/fd.h"
#include "wire/protocol.h"

namespace crumb::init {

// What a descriptor leads to.
struct Place {
  uint64_t mount = 0, inode = 0;  // mount: the kernel's number of it
  unsigned mode = 0;              // the type only; 0: not looked at yet
};

struct Context {
  int sync = -1, start = -1, result = -1, cgroup = -1;  // wire::Header
  bool told_ready = false;                              // the host will answer that point, before it may be gone
  bool ready = false;                                   // it was answered: crumb may be gone
  bool filtered = false;                                // the container's filter is in force: read and write are all there is
  uint32_t step = 0;                                    // index of the one that runs
  uint64_t value = 0;                                   // of the record of its failure
  int hook = -1;                          // this process is a hook's, and here goes the errno of what fails until its exec
  char operand[wire::kMessageText] = {};  // what a failing step worked on, beyond what the Plan says

  static constexpr unsigned kMostSources = 1024;
  int sources[kMostSources] = {};  // descriptors of the opened sources, in order; -1: a missing one that may be missing
  unsigned source_count = 0;
  bool unsettled_sources = false;  // before Linux 5.12: still peers of the host's mounts, until they are attached

  Fd root;                      // O_PATH, the container's root; none: "/" is it
  Place root_place;             // what it is, once somebody has looked
  const char* root_path = "/";  // on the host, until the root changes
  Fd nodes;                     // the directory of the last Device or Symlink
  const char* nodes_path = "";  // which begins like this one's
  uint32_t nodes_step = 0;
  Fd proc;                        // of Procfs
  Fd masks;                       // the mounted empty tmpfs that hides directories
  bool setgroups_denied = false;  // in the user namespace that was entered
  uint64_t bounding = ~0ULL;      // what BoundingSet left

  // Of the program.
  const char* path = nullptr;
  char** arguments = nullptr;
  char** environment = nullptr;
  Fd engine, module, options, code;  // with an engine the program is a WebAssembly module

  // Where a step that fails after `ready` and the engine leave their record.
  int report() const { return result >= 0 ? result : sync; }

  // Sets the operand and returns `error`.
  long failed(long error, const char* what, const char* more = "") {
    const size_t size = copy(operand, sizeof operand, what);
    copy(operand + size, sizeof operand - size, more);
    return error;
  }
};

// Each performs one step: 0, or -errno with the operand set where the Plan does not name it.
#define CRUMB_PERFORM(name) long perform(Context& context, const wire::name<InitForm>& step);
CRUMB_STEPS(CRUMB_PERFORM)
#undef CRUMB_PERFORM

}  // namespace crumb::init
