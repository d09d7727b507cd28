#include "cli/inspection.h"

#include <algorithm>

#include "support/text.h"

namespace crumb::cli {
namespace {

using wasm::ExternKind;
using wasm::Facts;

constexpr std::size_t kMostShown = 1000;  // imports and exports in the table
constexpr std::uint64_t kPageKib = 64;

std::string_view kind_word(wasm::Kind kind) {
  switch (kind) {
    case wasm::Kind::module:
      return "module";
    case wasm::Kind::component:
      return "component";
    case wasm::Kind::cut_off:
      return "cut off";
    case wasm::Kind::unknown_version:
      return "unknown version";
    case wasm::Kind::not_wasm:
      break;
  }
  return "not WebAssembly";
}

std::string size_words(std::uint64_t bytes) {
  constexpr double kKibibyte = 1024, kMebibyte = 1024 * kKibibyte;
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / kKibibyte);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / kMebibyte);
}

std::string level_word(const wasm::CodeKind& kind) {
  return fmt::format("level {}{}", kind.level, kind.frames ? " with frames" : "");
}

std::vector<std::string> feature_words(const wasm::Features& features) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::size(wasm::kFeatureNames); ++i)
    if (features.has(static_cast<wasm::Feature>(i))) words.emplace_back(wasm::kFeatureNames[i]);
  return words;
}

std::string limits_words(const wasm::Limits& limits, std::string_view unit) {
  std::string text =
      fmt::format("{} to {} {}", limits.minimum, limits.maximum ? std::to_string(*limits.maximum) : "any number of", unit);
  for (const auto& [is, word] :
       {std::pair{limits.shared, ", shared"}, {limits.wide, ", 64-bit"}, {limits.imported, ", imported"}})
    if (is) text += word;
  return text;
}

std::string row(std::string_view head, std::string_view text) { return fmt::format("  {:<11}{}\n", head, text); }

std::string import_row(const Inspection& inspection, std::size_t index) {
  const wasm::Import& import = inspection.facts.imports[index];
  std::string text = fmt::format("{}.{} {}", quote(import.module), quote(import.name),
                                 wasm::kExternWords[static_cast<std::size_t>(import.kind)]);
  if (import.kind == ExternKind::function) text += " " + text_of(import.signature);
  if (!inspection.provision || index >= inspection.provision->answers.size()) return text;
  const wasm::Answer& answer = inspection.provision->answers[index];
  if (answer.provided) return text + ": provided";
  return text + ": not provided" + (answer.reason.empty() ? "" : ": " + answer.reason);
}

std::string imports_table(const Inspection& inspection) {
  const std::size_t count = inspection.facts.imports.size();
  std::string text = row("imports", count == 0 ? "none" : std::to_string(count));
  for (std::size_t i = 0; i < std::min(count, kMostShown); ++i) text += fmt::format("    {}\n", import_row(inspection, i));
  return count > kMostShown ? text + fmt::format("    and {} more\n", count - kMostShown) : text;
}

std::string exports_table(const Facts& facts) {
  const std::size_t count = facts.exports.size();
  std::string text = row("exports", count == 0 ? "none" : std::to_string(count));
  for (std::size_t i = 0; i < std::min(count, kMostShown); ++i)
    text += fmt::format("    {} {}\n", quote(facts.exports[i].name),
                        wasm::kExternWords[static_cast<std::size_t>(facts.exports[i].kind)]);
  return count > kMostShown ? text + fmt::format("    and {} more\n", count - kMostShown) : text;
}

std::string makers_table(const Facts& facts) {
  std::string text;
  if (!facts.name.empty()) text += row("name", quote(facts.name));
  for (const auto& [field, value] : facts.producers) text += row("made by", fmt::format("{} ({})", quote(value), quote(field)));
  std::vector<std::string> words;
  for (const std::string_view feature : facts.target_features) words.push_back(quote(feature));
  if (!words.empty()) text += row("built for", join(words, ", "));
  words.clear();
  for (const std::string_view section : facts.custom_sections) words.push_back(quote(section));
  return words.empty() ? text : text + row("sections", join(words, ", "));
}

std::string module_table(const Inspection& inspection) {
  const Facts& facts = inspection.facts;
  std::vector<std::string> compiled;
  for (const wasm::CodeKind& kind : inspection.compiled) compiled.push_back(level_word(kind));
  std::string text =
      row("compiled", compiled.empty() ? "no: it is interpreted until `crumb wasm compile` was called" : join(compiled, ", "));
  text += row("functions",
              fmt::format("{}, code {}, data {}", facts.functions, size_words(facts.code_bytes), size_words(facts.data_bytes)));
  for (const wasm::Limits& memory : facts.memories)
    text += row("memory",
                fmt::format("{}, {} at start", limits_words(memory, "pages"), size_words(memory.minimum * kPageKib * 1024)));
  for (const wasm::Limits& table : facts.tables) text += row("table", limits_words(table, "elements"));
  const std::vector<std::string> features = feature_words(facts.features);
  text += row("uses", features.empty() ? "WebAssembly 1.0" : join(features, ", "));
  return text + makers_table(facts) + imports_table(inspection) + exports_table(facts);
}

json::object json_of(const wasm::Limits& limits) {
  json::object result{{"minimum", limits.minimum}};
  if (limits.maximum) result["maximum"] = *limits.maximum;
  result["shared"] = limits.shared;
  result["64bit"] = limits.wide;
  result["imported"] = limits.imported;
  return result;
}

// A name that is no text is no JSON either: what is not ASCII goes through quote().
std::string json_text(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char letter) { return letter < 0x80; });
  return plain ? std::string(text) : quote(text);
}

json::array json_of(const std::vector<wasm::Limits>& all) {
  json::array result;
  for (const wasm::Limits& limits : all) result.push_back(json_of(limits));
  return result;
}

json::object import_json(const Inspection& inspection, std::size_t index) {
  const wasm::Import& import = inspection.facts.imports[index];
  json::object result{{"module", json_text(import.module)},
                      {"name", json_text(import.name)},
                      {"kind", wasm::kExternWords[static_cast<std::size_t>(import.kind)]}};
  if (import.kind == ExternKind::function) result["type"] = text_of(import.signature);
  if (!inspection.provision || index >= inspection.provision->answers.size()) return result;
  const wasm::Answer& answer = inspection.provision->answers[index];
  result["provided"] = answer.provided;
  if (!answer.reason.empty()) result["reason"] = answer.reason;
  return result;
}

void add_module(const Inspection& inspection, json::object& result) {
  const Facts& facts = inspection.facts;
  json::array compiled, imports, exports, features, producers, sections, target_features;
  for (const wasm::CodeKind& kind : inspection.compiled) compiled.push_back({{"level", kind.level}, {"frames", kind.frames}});
  for (std::size_t i = 0; i < std::min(facts.imports.size(), wasm::kMostAsked); ++i)
    imports.push_back(import_json(inspection, i));
  for (const wasm::Export& one : facts.exports)
    exports.push_back({{"name", json_text(one.name)}, {"kind", wasm::kExternWords[static_cast<std::size_t>(one.kind)]}});
  for (const std::string& word : feature_words(facts.features)) features.emplace_back(word);
  for (const auto& [field, value] : facts.producers)
    producers.push_back({{"field", json_text(field)}, {"value", json_text(value)}});
  for (const std::string_view name : facts.custom_sections) sections.emplace_back(json_text(name));
  for (const std::string_view name : facts.target_features) target_features.emplace_back(json_text(name));
  result["role"] = facts.role();
  result["compiled"] = compiled;
  result["functions"] = facts.functions;
  result["globals"] = facts.globals;
  result["codeBytes"] = facts.code_bytes;
  result["dataBytes"] = facts.data_bytes;
  result["startSection"] = facts.starts;
  result["memories"] = json_of(facts.memories);
  result["tables"] = json_of(facts.tables);
  result["features"] = features;
  result["name"] = json_text(facts.name);
  result["producers"] = producers;
  result["targetFeatures"] = target_features;
  result["customSections"] = sections;
  result["imports"] = imports;
  result["importCount"] = facts.imports.size();  // of more, the first are listed
  result["exports"] = exports;
}

}  // namespace

std::string inspection_table(const Inspection& inspection) {
  const bool module = inspection.facts.kind == wasm::Kind::module;
  std::string text = fmt::format("{}\n", quote(inspection.file));
  text += row("kind", fmt::format("{}{}{}", kind_word(inspection.facts.kind), module ? ", a " : "",
                                  module ? inspection.facts.role() : ""));
  text += row("size", size_words(inspection.size));
  text += row("digest", "sha256:" + inspection.digest);
  if (module) text += module_table(inspection);
  return text + row("would run", inspection.obstacle.empty() ? "yes" : "no: " + inspection.obstacle);
}

json::object inspection_json(const Inspection& inspection) {
  json::object result{{"file", json_text(inspection.file)},
                      {"kind", kind_word(inspection.facts.kind)},
                      {"size", inspection.size},
                      {"digest", "sha256:" + inspection.digest}};
  if (inspection.facts.kind == wasm::Kind::module) add_module(inspection, result);
  result["runs"] = inspection.obstacle.empty();
  if (!inspection.obstacle.empty()) result["obstacle"] = json_text(inspection.obstacle);
  return result;
}

}  // namespace crumb::cli
