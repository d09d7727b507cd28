#include "wasm/provided.h"

#include <algorithm>
#include <ranges>

#include "linux/helper.h"
#include "support/error.h"
#include "support/text.h"

namespace crumb::wasm {
namespace {

// The letter that WAMR has for a value type; pointers and lengths are numbers to the module.
char letter_of(char type) {
  switch (static_cast<std::uint8_t>(type)) {
    case 0x7f:
      return 'i';
    case 0x7e:
      return 'I';
    case 0x7d:
      return 'f';
    case 0x7c:
      return 'F';
    case 0x6f:
      return 'r';
    default:
      return '?';
  }
}

std::string letters_of(std::string_view types) {
  std::string letters;
  for (const char type : types) letters += letter_of(type);
  return letters;
}

bool has_nul(std::string_view name) { return name.find('\0') != name.npos; }

// A name with a NUL is nobody's.
std::string questions_about(const std::vector<Import>& imports, std::size_t count) {
  std::string questions;
  for (const Import& import : imports | std::views::take(count)) {
    const bool askable = !has_nul(import.module) && !has_nul(import.name);
    questions.append(askable ? import.module : "").push_back('\0');
    questions.append(askable ? import.name : "").push_back('\0');
  }
  return questions;
}

// A memory and a table that are imported are made by the engine; it has no global and no tag to give.
Answer answer_of(const Import& import, std::string_view line) {
  if (import.kind == ExternKind::memory || import.kind == ExternKind::table) return {true, ""};
  if (line.empty() || (line.front() != '+' && line.front() != '-')) throw fail("crumb-wasm --imports: {}", quote(line));
  const std::string_view text = line.substr(1);
  if (line.front() == '-') return {false, std::string(text)};
  if (import.kind != ExternKind::function) return {false, "it is a function there"};
  if (!fits(import.signature, text)) return {false, fmt::format("it has another type there: {}", text)};
  return {true, ""};
}

Features features_of(std::string_view line) {
  Features features;
  for (const std::string_view word : split(line, ' ')) {
    const auto* const found = std::ranges::find(kFeatureNames, word);
    if (found != std::end(kFeatureNames)) features.add(static_cast<Feature>(found - std::begin(kFeatureNames)));
  }
  return features;
}

std::string unsupported(const Features& used, const Features& had) {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < std::size(kFeatureNames); ++i)
    if (used.has(static_cast<Feature>(i)) && !had.has(static_cast<Feature>(i))) missing.emplace_back(kFeatureNames[i]);
  return missing.empty() ? "" : "it uses what the engine lacks: " + join(missing, ", ");
}

std::string missing_import(const std::vector<Import>& imports, const std::vector<Answer>& answers) {
  const auto missing = std::ranges::find(answers, false, &Answer::provided);
  if (missing == answers.end()) return {};
  const Import& import = imports[static_cast<std::size_t>(missing - answers.begin())];
  const auto others = std::ranges::count(answers, false, &Answer::provided) - 1;
  return fmt::format("the engine does not provide {}.{}{}{}{}", quote(import.module), quote(import.name),
                     others == 0 ? "" : fmt::format(" and {} more imports", others), missing->reason.empty() ? "" : ": ",
                     missing->reason);
}

}  // namespace

std::string obstacle(const Facts& facts, const Provision* provision) {
  if (!facts.broken.empty()) return facts.broken;
  if (provision == nullptr) return "crumb-wasm, the engine, is not there";
  if (std::string reason = unsupported(facts.features, provision->features); !reason.empty()) return reason;
  if (std::string reason = missing_import(facts.imports, provision->answers); !reason.empty()) return reason;
  if (facts.role() == "command") return {};
  return facts.role() == "reactor" ? "it is a library (a reactor), not a program: it exports _initialize, but no _start"
                                   : "it is a library, not a program: it exports no _start";
}

bool fits(const Signature& type, std::string_view wanted) {
  std::string plain(wanted);
  for (char& letter : plain)
    if (letter == '*' || letter == '~' || letter == '$') letter = 'i';
  return plain == fmt::format("({}){}", letters_of(type.parameters), letters_of(type.results));
}

Provision ask_engine(const std::string& engine_path, const std::vector<Import>& imports) {
  const std::size_t count = std::min(imports.size(), kMostAsked);
  const linux::HelperResult result = linux::run_helper(engine_path, questions_about(imports, count), {"--imports"});
  const std::vector<std::string_view> lines = split(result.out, '\n');
  // One for the features, one for each import, and nothing behind the last line's end.
  if (result.code != 0 || lines.size() != count + 2)
    throw fail("{} --imports: ended with exit code {}", engine_path, result.code);
  Provision provision;
  provision.features = features_of(lines[0]);
  for (std::size_t i = 0; i < count; ++i) provision.answers.push_back(answer_of(imports[i], lines[i + 1]));
  return provision;
}

}  // namespace crumb::wasm
