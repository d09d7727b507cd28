// The parts of create and start that run is made of too.
#pragma once

#include <string>

#include "container/container.h"

namespace crumb::container {

// Makes the container and returns the pid of its process, which waits for start and is a child of crumb. On failure nothing is
// left of it.
int make_container(const Runtime& runtime, const CreateOptions& options);

// Lets it start and returns when the program runs. `foreground`: its stderr is crumb's own, see failure_of().
void start_program(const Runtime& runtime, const std::string& id, bool foreground);

// From here on signals wait until they can be forwarded to a container: one that came earlier would end crumb in the middle.
void hold_signals();

}  // namespace crumb::container
