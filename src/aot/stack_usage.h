// How much of the native stack each function takes: LLVM writes that to a file by a name, and WAMR reads it by the name. Here
// the file is in memory and open before the walls are closed (walls.h): nothing that a name leads to can be opened behind them.
#pragma once

namespace crumb::aot {

// The name that both are given.
inline constexpr char kStackUsage[] = "stack-usage";

// Makes the file; for one compilation. False when it cannot be made.
bool open_stack_usage();

// Its descriptors, for LLVM and for WAMR.
int stack_usage_writer();
int stack_usage_reader();

}  // namespace crumb::aot
