// What WebAssembly beyond version 1.0 a module makes use of, by the names that tools have for it (the section target_features).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wasm/reader.h"

namespace crumb::wasm {

enum class Feature : std::uint8_t {
  atomics,
  bulk_memory,
  custom_page_sizes,
  exception_handling,
  extended_const,
  gc,
  memory64,
  multimemory,
  multivalue,
  mutable_globals,
  nontrapping_fptoint,
  reference_types,
  relaxed_simd,
  sign_ext,
  simd128,
  tail_call,
};
inline constexpr std::string_view kFeatureNames[] = {
    "atomics",      "bulk-memory", "custom-page-sizes", "exception-handling", "extended-const",      "gc",
    "memory64",     "multimemory", "multivalue",        "mutable-globals",    "nontrapping-fptoint", "reference-types",
    "relaxed-simd", "sign-ext",    "simd128",           "tail-call"};

class Features {
 public:
  void add(Feature feature) { bits_ |= 1U << static_cast<unsigned>(feature); }
  bool has(Feature feature) const { return (bits_ >> static_cast<unsigned>(feature) & 1) != 0; }

 private:
  std::uint32_t bits_ = 0;
};

// Reads a value type, a heap type, one type definition or recursive group, limits (of a memory or a table) and what they use.
void scan_value_type(Reader& reader, Features& features);
void scan_heap_type(Reader& reader, Features& features);

// Reads instructions to the end of `reader`, or of an expression: to the `end` that closes it.
void scan_code(Reader reader, Features& features);
void scan_constant(Reader& reader, Features& features);

}  // namespace crumb::wasm
