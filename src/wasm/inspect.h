// What a module's file says about it, without running or compiling anything: every byte is hostile, and the work is linear in
// their number. Whether a module is valid is the engine's to judge.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/features.h"
#include "wasm/module.h"

namespace crumb::wasm {

// As in the binary form of imports and exports.
enum class ExternKind : std::uint8_t { function, table, memory, global, tag };
inline constexpr std::array<std::string_view, 5> kExternWords{"function", "table", "memory", "global", "tag"};

// Of a function: value types as they stand in the file.
struct Signature {
  std::string_view parameters, results;
};
// "(i32, i64) -> i32"
std::string text_of(const Signature& signature);

struct Import {
  std::string_view module, name;
  ExternKind kind{};
  Signature signature;  // of a function
};

struct Export {
  std::string_view name;
  ExternKind kind{};
};

// Of a memory in pages, of a table in elements.
struct Limits {
  std::uint64_t minimum = 0;
  std::optional<std::uint64_t> maximum;
  bool shared = false, wide = false;  // wide: 64-bit addresses
  bool imported = false;
};

// "processed-by", "clang 14.0.6"
using Producer = std::pair<std::string_view, std::string>;

struct Facts {
  Kind kind = Kind::not_wasm;
  std::vector<Import> imports;
  std::vector<Export> exports;
  std::vector<Limits> memories, tables;
  std::uint64_t functions = 0, globals = 0;  // that it defines
  std::uint64_t code_bytes = 0, data_bytes = 0;
  bool starts = false;  // has a start section
  Features features;

  std::string_view name;  // of the section `name`; empty: it tells none
  std::vector<Producer> producers;
  std::vector<std::string_view> target_features;  // "+simd128"
  std::vector<std::string_view> custom_sections;  // their names, in order, as many as anyone would read
  std::string broken;                             // why it cannot be read to its end: "at offset 0x1f: ..."; empty: it can

  bool exports_function(std::string_view wanted) const;
  // "command", "reactor" or "library"
  std::string_view role() const;
};

// `bytes` is the whole file and must outlive what is returned.
Facts inspect(std::string_view bytes);

}  // namespace crumb::wasm
