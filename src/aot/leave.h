// The one line with which crumb-aot gives up, also from a signal handler or from inside LLVM.
#pragma once

#include <string>

namespace crumb::aot {

// Takes standard error for our line, and gives everybody else /dev/null in place of it and of standard output: LLVM and WAMR
// print what they like, and standard output is the code's. Returns the descriptor of the latter, -1 when that fails.
int take_streams();

// The descriptor to which our line goes.
int messages();

// Whether whoever started this has gone, as far as a pipe on standard error tells.
bool nobody_listens();

// Writes "crumb-aot: TEXT" and ends the process: it lies with the module or with the limits. Async-signal-safe; the text must
// be one line.
[[noreturn]] void give_up(const char* text);
[[noreturn]] void give_up(const std::string& text);

// The same: it lies with neither.
[[noreturn]] void be_unable(const char* text);
[[noreturn]] void be_unable(const std::string& text);

}  // namespace crumb::aot
