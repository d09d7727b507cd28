// The parts of create and start that run is made of too.
#pragma once

#include <string>

#include "container/container.h"
#include "container/hooks.h"
#include "container/store.h"
#include "container/terminal.h"

namespace crumb::container {

struct Made {
  int pid;      // of the container's process, which waits for start and is a child of crumb
  Entry entry;  // locked
  State state;  // as it is on disk
  Fd start;     // the FIFO
  Fd init;      // what crumb-init was executed from
  Terminal terminal;
  Hooks hooks;
};

// Makes the container. `detach`: crumb will not wait for its end. On failure nothing is left of it.
Made make_container(const Runtime& runtime, const CreateOptions& options, bool detach);

// Lets it start, gives the lock up and returns when the program runs. `foreground`: its stderr is crumb's own, see
// failure_of().
void start_made(const Runtime& runtime, Made& made, bool foreground);

// Removes it, whose process has ended or has been killed. Nothing happens where somebody else has done that.
void remove_made(const Runtime& runtime, Made& made);

// From here on signals wait until they can be forwarded to a container: one that came earlier would end crumb in the middle.
void hold_signals();

}  // namespace crumb::container
