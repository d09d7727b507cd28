// crumb wasm inspect: what a module is, what it needs, and whether it would run.
#include <fcntl.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/inspection.h"
#include "cli/output.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"
#include "wasm/code_cache.h"

namespace crumb::cli {
namespace {

constexpr std::size_t kLargest = 256U << 20;  // bytes; it is read into memory

struct Given {
  std::string format = "table";
  std::vector<std::string> files;
};

// Why it is none: the words of a start, without the name.
std::string foreign(std::string_view bytes) {
  try {
    wasm::require_module(bytes.substr(0, wasm::kHeaderSize), "");
  } catch (const Error& error) {
    return std::string(error.what()).substr(std::string_view("\"\": ").size());
  }
  return {};
}

std::vector<wasm::CodeKind> compiled_kinds(const std::optional<wasm::CodeCache>& cache, const Sha256Digest& digest) {
  std::vector<wasm::CodeKind> kinds;
  if (!cache) return kinds;
  for (const unsigned level : wasm::kLevels)
    for (const bool frames : {false, true})
      if (cache->holds(digest, {level, frames})) kinds.push_back({level, frames});
  return kinds;
}

std::optional<wasm::Provision> provision_for(const container::Runtime& runtime, const wasm::Facts& facts) {
  if (facts.kind != wasm::Kind::module) return std::nullopt;
  std::error_code ignored;
  if (!std::filesystem::exists(runtime.engine_path, ignored)) return std::nullopt;
  return wasm::ask_engine(runtime.engine_path, facts.imports);
}

// `bytes` is what the answer's views point into.
Inspection look_at(const std::string& file, std::string_view bytes, const container::Runtime& runtime) {
  Inspection result;
  result.file = file;
  result.size = bytes.size();
  const Sha256Digest digest = sha256(bytes);
  result.digest = hex(digest);
  result.facts = wasm::inspect(bytes);
  result.provision = provision_for(runtime, result.facts);
  result.compiled = compiled_kinds(wasm::CodeCache::find(runtime.code_cache), digest);
  result.obstacle = result.facts.kind == wasm::Kind::module
                        ? obstacle(result.facts, result.provision ? &*result.provision : nullptr)
                        : foreign(bytes);
  return result;
}

std::string read_module(const std::string& file) {
  try {
    return read_file(AT_FDCWD, file, kLargest);
  } catch (const Error& error) {
    throw fail("wasm inspect: {}", error.what());
  }
}

void inspect_all(const Given& given, const container::Runtime& runtime) {
  const bool as_json = given.format == "json";
  json::array objects;
  for (const std::string& file : given.files) {
    const std::string bytes = read_module(file);
    const Inspection inspection = look_at(file, bytes, runtime);
    if (as_json)
      objects.push_back(inspection_json(inspection));
    else
      print((&file == given.files.data() ? "" : "\n") + inspection_table(inspection));
  }
  if (as_json) print(json::pretty(objects) + "\n");
}

}  // namespace

Action define_wasm_inspect(Options& options) {
  const auto given = std::make_shared<Given>();
  options.text("format,f", given->format, "FORMAT", "table (default) or json");
  options.operands("FILE", given->files);
  return [given](const container::Runtime& runtime) {
    if (given->format != "table" && given->format != "json")
      throw fail("wasm inspect: option --format: {} is neither table nor json", quote(given->format));
    inspect_all(*given, runtime);
    return 0;
  };
}

}  // namespace crumb::cli
