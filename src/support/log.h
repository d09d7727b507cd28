// The runtime's log (--log, --log-format, --debug), as docs/commands.md tells and callers expect it: text as logrus writes it,
// or JSON lines {"level":...,"msg":...,"time":RFC 3339}. Without --log nothing but errors and warnings is written, to stderr as
// "crumb: message". The only global state of the host side.
#pragma once

#include <string>

namespace crumb::log {

enum class Format { text, json };

// path: empty for stderr. Throws when the file cannot be opened for appending.
void open(const std::string& path, Format format, bool debug);

// True when lines go to a file of their own, so that main writes an error to stderr as well.
bool to_file();

void error(const std::string& message);
void warning(const std::string& message);
void debug(const std::string& message);

}  // namespace crumb::log
