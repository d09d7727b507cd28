// The parts of create and start that run is made of too.
#pragma once

#include <string>

#include "container/container.h"
#include "container/terminal.h"

namespace crumb::container {

struct Made {
  int pid;  // of the container's process, which waits for start and is a child of crumb
  Terminal terminal;
};

// Makes the container. `detach`: crumb will not wait for its end. On failure nothing is left of it.
Made make_container(const Runtime& runtime, const CreateOptions& options, bool detach);

// Lets it start and returns when the program runs. `foreground`: its stderr is crumb's own, see failure_of().
void start_program(const Runtime& runtime, const std::string& id, bool foreground);

// From here on signals wait until they can be forwarded to a container: one that came earlier would end crumb in the middle.
void hold_signals();

}  // namespace crumb::container
