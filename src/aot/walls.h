// Walls around LLVM, which compiles what a stranger wrote: whoever takes this process over finds nothing to reach from it.
// Every compilation is made behind them.
#pragma once

namespace crumb::aot {

// The machine is left: an own user, an empty root directory, no network, no other process's memory, no capability and no way to
// get one. Without a right to some of it (an ordinary user, a container that may make no namespace) the rest. Descriptors stay.
void leave_machine();

// From here on the process can compute, take memory that is not executable, write to `output`, its line (leave.h) and where
// standard output and error lead, use the file of stack_usage.h, and end. Asking for a file or a fact fails; everything else
// kills. Ends the process when the kernel cannot do that.
void close_calls(int output);

}  // namespace crumb::aot
