// Init's end of the sync socket and of `result` (wire/protocol.h).
#pragma once

#include "init/context.h"

namespace crumb::init {

// Sends a message with at most one descriptor (-1: none). 0 or -errno.
long send(const Context& context, const wire::Message& message, int descriptor = -1);

// Waits for the host's answer to `point`; descriptors of the answer go to `descriptors`, their number to `count` (at most
// `room`). When the host has died or says "leave", the process ends here, silently.
wire::Message await_answer(const Context& context, wire::Point point, int* descriptors, unsigned room, unsigned& count);

// send + await_answer without descriptors.
void meet(const Context& context, wire::Point point);

// Tells the host what failed and ends the process.
[[noreturn]] void leave(const Context& context, long error);

}  // namespace crumb::init
