#include "engine/report.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "wire/protocol.h"

namespace crumb::engine {
namespace {

constexpr std::size_t kLongest = 1000;  // bytes of a path, and of what is said of it

void write_record(int descriptor, int error, const std::string& text) {
  wire::Message message;
  message.point = wire::Point::failed;
  message.step = wire::kEngineStep;
  message.error = error;
  text.copy(message.text, sizeof(message.text) - 1);
  (void)!::write(descriptor, &message, sizeof(message));  // nobody may be reading; the line on stderr remains
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  constexpr unsigned char kDelete = 0x7f;
  std::string line;
  for (const char letter : text) {
    if (line.size() >= most) return line + "...";
    const auto code = static_cast<unsigned char>(letter);
    char escaped[5] = {letter};
    if (letter == '\n')
      escaped[0] = ' ';
    else if (code < ' ' || code == kDelete)
      std::snprintf(escaped, sizeof escaped, "\\x%02x", code);
    line += escaped;
  }
  return line;
}

std::string note_line(const Options& options, const std::string& text) {
  std::string line = options.under_crumb ? "crumb: " : "crumb-wasm: ";
  if (!options.name.empty()) line.append(printable(options.name, kLongest)).append(": ");
  return line + printable(text, kLongest) + "\n";
}

void write_all(int descriptor, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t part = ::write(descriptor, text.data() + done, text.size() - done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return;
    done += static_cast<std::size_t>(part);
  }
}

int report_failure(const Options& options, const Failure& failure) {
  write_all(STDERR_FILENO, note_line(options, failure.text));
  if (options.report >= 0) write_record(options.report, failure.error, printable(options.name + ": " + failure.text, kLongest));
  return failure.error == ENOENT ? kNotFound : kNotExecutable;
}

void report_unusable_code(const Options& options, const Failure& failure) {
  write_all(STDERR_FILENO, note_line(options, "the compiled code cannot be used, the module is interpreted: " + failure.text));
}

int report_trap(const Options& options, const std::string& reason, const std::string& backtrace) {
  write_all(STDERR_FILENO, note_line(options, "trap: " + reason) + backtrace);
  return kTrapped;
}

}  // namespace crumb::engine
