#include "engine/imports.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "engine/hints.h"
#include "engine/report.h"
#include "engine/wasi_table.h"

namespace crumb::engine {
namespace {

bool read_everything(std::string& content) {
  char buffer[4096];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size == 0;
    content.append(buffer, static_cast<std::size_t>(size));
  }
}

std::string answer_of(const char* module, const char* name) {
  if (const char* const signature = crumb_signature(module, name)) return std::string("+") + signature;
  const std::string whole = import_hint(module, name);
  std::string_view hint = whole;
  constexpr std::string_view kBefore = ": ";
  if (hint.starts_with(kBefore)) hint.remove_prefix(kBefore.size());
  return "-" + std::string(hint);
}

}  // namespace

bool answer_about_imports() {
  std::string questions, answers = std::string(crumb_features) + "\n";
  if (!read_everything(questions)) return false;
  for (std::size_t at = 0; at < questions.size();) {
    const char* const module = questions.c_str() + at;
    at += std::string_view(module).size() + 1;
    if (at >= questions.size()) break;
    const char* const name = questions.c_str() + at;
    at += std::string_view(name).size() + 1;
    answers += answer_of(module, name) + "\n";
  }
  write_all(STDOUT_FILENO, answers);
  return true;
}

}  // namespace crumb::engine
