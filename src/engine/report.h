// Where the engine's few lines go: the guest's stderr, and for a program that never ran also crumb's record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/failure.h"
#include "engine/options.h"

namespace crumb::engine {

inline constexpr int kNotFound = 127, kNotExecutable = 126, kTrapped = 128 + 6;  // the shell's numbers; SIGABRT's

// Names and messages come from the image: so that they stay one line and do nothing to a terminal, control characters are
// escaped (a line's end is a blank), and what is longer than `most` bytes ends in "...".
std::string printable(std::string_view text, std::size_t most);

// One line "crumb: NAME: TEXT" ("crumb-wasm: ..." without crumb) and, when asked for, the record of protocol.h. Returns the
// exit code.
int report_failure(const Options& options, const Failure& failure);

// Compiled code that cannot be used: one line on stderr, the interpreter takes over.
void report_unusable_code(const Options& options, const Failure& failure);

// The reason and the backtrace of a guest that was stopped. Returns the exit code.
int report_trap(const Options& options, const std::string& reason, const std::string& backtrace);

// "crumb: NAME: TEXT\n", or "crumb-wasm: ..." without crumb.
std::string note_line(const Options& options, const std::string& text);

// Writes all of it; an error has nowhere to go.
void write_all(int descriptor, const std::string& text);

}  // namespace crumb::engine
