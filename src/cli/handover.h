// Socket activation: descriptors that a caller hands over by the environment.
#pragma once

#include "container/container.h"

namespace crumb::cli {

// What sd_listen_fds(3) says of the process `pid` with these variables (null: not set). A LISTEN_PID that is another process's
// is left over from above and means nothing; without one they are crumb's. Throws for numbers that are none.
void take_activation(const char* listen_fds, const char* listen_pid, const char* listen_names, int pid,
                     container::Handover& target);

// The same of crumb's own environment.
void take_activation(container::Handover& target);

}  // namespace crumb::cli
