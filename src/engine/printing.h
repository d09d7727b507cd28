// What WAMR prints. It uses stdout, which is the guest's alone, so its print functions are replaced (--wrap): the text is kept
// and shown only as the backtrace of a trap.
#pragma once

#include <cstddef>
#include <string>

namespace crumb::engine {

// How many functions WAMR printed, of all threads that stopped.
std::size_t printed_frames();

// The functions of the last trap, innermost first, one line each; empty when WAMR printed none.
std::string take_backtrace();

}  // namespace crumb::engine
