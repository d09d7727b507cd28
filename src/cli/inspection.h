// What `crumb wasm inspect` shows of one file. Names in it are the file's maker's: they are shown as quoted text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/json.h"
#include "wasm/code_key.h"
#include "wasm/inspect.h"
#include "wasm/provided.h"

namespace crumb::cli {

struct Inspection {
  std::string file;
  std::uint64_t size = 0;
  std::string digest;  // SHA-256, 64 digits
  wasm::Facts facts;
  std::optional<wasm::Provision> provision;  // none: the engine is not there, or it is no module
  std::vector<wasm::CodeKind> compiled;      // that the cache has
  std::string obstacle;                      // why it would not run; empty: it would
};

std::string inspection_table(const Inspection& inspection);

json::object inspection_json(const Inspection& inspection);

}  // namespace crumb::cli
