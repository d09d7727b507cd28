#include "cli/matching.h"

#include <regex.h>

#include "support/error.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

class Pattern {
 public:
  Pattern(const std::string& text, const char* command) {
    const int error = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) return;
    char reason[128];
    ::regerror(error, &compiled_, reason, sizeof reason);
    throw fail("{}: {} is no regular expression: {}", command, quote(text), reason);
  }
  ~Pattern() { ::regfree(&compiled_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool matches(const std::string& text) const { return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0; }

 private:
  regex_t compiled_{};
};

}  // namespace

void for_each_match(const container::Runtime& runtime, const std::string& pattern, const char* command,
                    const std::function<void(const std::string& id)>& act) {
  const Pattern compiled(pattern, command);
  for (const std::string& id : container::ids(runtime)) {
    if (!compiled.matches(id)) continue;
    try {
      act(id);
    } catch (const Error& error) {
      log::warning(fmt::format("{} {}: {}", command, id, error.what()));
    }
  }
}

}  // namespace crumb::cli
