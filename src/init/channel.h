// Init's end of the sync socket and of `result` (wire/protocol.h).
//
// A host that has died, or answers "leave", ends the process here without a word; an answer that is not the protocol's is a
// failure like any other (EPROTO).
#pragma once

#include "init/context.h"

namespace crumb::init {

// Sends a message with at most one descriptor (-1: none). 0 or -errno.
long send(const Context& context, const wire::Message& message, int descriptor = -1);

struct Answer {
  static constexpr unsigned kMost = 32;  // descriptors that any answer brings
  uint64_t value = 0;
  unsigned count = 0;
  Fd descriptors[kMost];
  char text[wire::kMessageText] = {};
};

// Sends `question` and waits for its answer. 0 or -errno.
long ask(Context& context, const wire::Message& question, int descriptor, Answer& answer);

// Reads the byte of `start`. 0 or -errno. The FIFO stays open: the filter may not know close, and exec closes it.
long wait_for_start(Context& context);

// Tells the host what failed (of a hook's process: init) and ends the process.
[[noreturn]] void leave(Context& context, long error);

}  // namespace crumb::init
