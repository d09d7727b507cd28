#pragma once

#include "engine/failure.h"
#include "engine/options.h"

namespace crumb::engine {

// Puts our own functions in front of WAMR's; before a module is loaded.
//   poll_oneoff        WAMR's, with threads built in, cuts every wait into quanta of one second and treats absolute deadlines
//                      as relative: such sleeps never end, and an idle guest wakes once a second.
//   proc_exit          leaves at once; WAMR's raises an exception, prints a backtrace for it and waits for threads.
//   sock_open          without a network of its own, a guest has only the sockets that it was given: listen() on a new one
//                      would pick a port.
//   sock_addr_resolve  the same; and WAMR's divides by the number of results that the guest has room for.
//   thread-spawn       where the policy gives no thread at all, which WAMR has no number for.
Failure register_natives(const Options& options);

}  // namespace crumb::engine
