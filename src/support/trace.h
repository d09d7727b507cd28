// Where the time of one command goes (crumb --trace): spans in the Trace Event Format that Chrome's about:tracing and Perfetto
// show. Without --trace nothing is noted. Global state, as the log's.
#pragma once

#include <cstdint>
#include <string>

namespace crumb::trace {

// Nanoseconds of CLOCK_REALTIME, as wire::StepTimes has them.
std::uint64_t now();

// From now on spans are kept. path: the file that write() writes, or a directory, where it is COMMAND-PID.json; begun: when the
// command did. Throws Error when nothing can be written there.
void open(const std::string& path, const std::string& command, std::uint64_t begun);

bool wanted();

// What the process `pid` did, from `begun` to `ended`. Its first one names the process after `who`.
void add(int pid, const std::string& who, const std::string& name, std::uint64_t begun, std::uint64_t ended);

// What crumb itself does until the end of the block.
class Span {
 public:
  explicit Span(const char* name) : name_(name), begun_(wanted() ? now() : 0) {}
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const char* name_;
  std::uint64_t begun_;
};

// The file, with the whole command as its outermost span. What is wrong with it is a warning: the command has done its work.
void write();

}  // namespace crumb::trace
