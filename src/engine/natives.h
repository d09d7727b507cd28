#pragma once

#include "engine/failure.h"

namespace crumb::engine {

// Puts our own poll_oneoff, proc_exit and sock_open in front of WAMR's; before a module is loaded.
//   poll_oneoff  WAMR's, with threads built in, cuts every wait into quanta of one second and treats absolute deadlines as
//   relative:
//                such sleeps never end, and an idle guest wakes once a second.
//   proc_exit    leaves at once; WAMR's raises an exception, prints a backtrace for it and waits for threads.
//   sock_open    is refused: a guest has only the sockets that it was given, and listen() on a new one would pick a port.
Failure register_natives();

}  // namespace crumb::engine
