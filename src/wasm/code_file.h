// An entry of the cache: one page that says what it is (code_file.cc has the layout), then the code as crumb-aot wrote it, so
// that the engine can map it. Or, instead of code, why there is none: a refusal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/sha256.h"
#include "wasm/code_key.h"
#include "wire/code.h"

namespace crumb::wasm {

struct CodeHeader {
  Sha256Digest key{}, module{}, code{};  // code: of the bytes behind the header
  std::uint64_t size = 0;                // of the code, bytes; 0 in a refusal
  CodeKind kind{0};
  std::string build;    // code_key.h; for people, and to find what no crumb here can use. Cut to 255 bytes
  std::string name;     // the file that was compiled, for people. Cut to 1023 bytes
  std::string refusal;  // why this module cannot be compiled so, for people; empty: it was. Cut to 511 bytes
};

// wire::kCodeOffset bytes.
std::string encode(const CodeHeader& header);

// Throws Error with the reason. `page`: the file's first wire::kCodeOffset bytes.
CodeHeader decode(std::string_view page);

}  // namespace crumb::wasm
