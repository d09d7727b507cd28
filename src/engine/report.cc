#include "engine/report.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "wire/protocol.h"

namespace crumb::engine {
namespace {

void write_record(int descriptor, int error, const std::string& text) {
  wire::Message message;
  message.point = wire::Point::failed;
  message.step = wire::kEngineStep;
  message.error = error;
  text.copy(message.text, sizeof(message.text) - 1);
  (void)!::write(descriptor, &message, sizeof(message));  // nobody may be reading; the line on stderr remains
}

}  // namespace

std::string note_line(const Options& options, const std::string& text) {
  std::string line = options.under_crumb ? "crumb: " : "crumb-wasm: ";
  if (!options.name.empty()) line.append(options.name).append(": ");
  line.append(text);
  std::replace(line.begin(), line.end(), '\n', ' ');  // names and messages come from the image
  return line + "\n";
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
  if (options.report >= 0) write_record(options.report, failure.error, options.name + ": " + failure.text);
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
