// What the steps share: the way to the host, the root, and what the program will be.
#pragma once

#include "init/plan.h"
#include "init/support.h"
#include "wire/protocol.h"

namespace crumb::init {

struct Context {
  int sync = -1, start = -1, result = -1;
  bool ready = false;                     // the point was answered: failures go to `result` from now on
  uint32_t step = 0;                      // index of the one that runs
  int root = -1;                          // O_PATH, the container's root; -1: "/" is it
  int masks = -1;                         // the mounted empty tmpfs that hides directories
  char operand[wire::kMessageText] = {};  // what a failing step worked on, beyond what the Plan says

  // Of the program.
  char* path = nullptr;
  char** arguments = nullptr;
  char** environment = nullptr;
  int engine = -1, module = -1, options = -1, code = -1;  // engine >= 0: a WebAssembly module

  // For messages: sets the operand and returns `error`.
  long failed(long error, const char* what) {
    copy(operand, sizeof operand, what);
    return error;
  }
};

// Each performs one step: 0, or -errno with the operand set where the Plan does not name it.
#define CRUMB_PERFORM(name) long perform(Context& context, const wire::name<InitForm>& step);
CRUMB_STEPS(CRUMB_PERFORM)
#undef CRUMB_PERFORM

}  // namespace crumb::init
