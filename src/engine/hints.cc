#include "engine/hints.h"

#include <algorithm>
#include <iterator>

namespace crumb::engine {
namespace {

// An empty `module` or `name` is any; a `*` at the end is any rest.
struct Sign {
  std::string_view module, name, hint;
};

constexpr std::string_view kEmscripten =
    "it was built by Emscripten for JavaScript: link it with -sSTANDALONE_WASM, or build it with wasi-sdk";
constexpr std::string_view kBindgen =
    "it was built by wasm-bindgen for JavaScript: build a program for the target wasm32-wasip1, without wasm-bindgen";
constexpr std::string_view kGo = "it was built by Go for JavaScript: build it with GOOS=wasip1 GOARCH=wasm";
constexpr std::string_view kPreview2 =
    "it is made to become part of a component (WASI preview 2): build it for the target wasm32-wasip1";

constexpr Sign kSigns[] = {
    {"env", "emscripten_*", kEmscripten},
    {"env", "_emscripten_*", kEmscripten},
    {"env", "__syscall_*", kEmscripten},
    {"env", "invoke_*", kEmscripten},
    {"env", "__cxa_throw", kEmscripten},
    {"a", "", kEmscripten},  // its names, made short
    {"wbg", "", kBindgen},
    {"__wbindgen_*", "", kBindgen},
    {"", "__wbindgen_*", kBindgen},
    {"", "__wbg_*", kBindgen},
    {"go", "", kGo},
    {"gojs", "", kGo},
    {"wasi:*", "", kPreview2},
    {"wasix_*", "", "it was built for WASIX, an extension of another engine: build it for the target wasm32-wasip1"},
    {"rb-js-abi-host", "", "it was built by ruby.wasm for JavaScript: build Ruby for WASI without its library js"},
    {"wasi_nn", "", "wasi-nn is not supported"},
    {"wasi_ephemeral_nn", "", "wasi-nn is not supported"},
    {"env", "abort", "it was built by AssemblyScript for JavaScript: build it with @assemblyscript/wasi-shim"},
    {"wasi_snapshot_preview1", "", "WASI preview 1 as crumb has it lacks that function"},
};

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern.empty() || text == pattern;
}

}  // namespace

std::string import_hint(std::string_view module, std::string_view name) {
  const auto* const sign = std::find_if(std::begin(kSigns), std::end(kSigns), [&](const Sign& one) {
    return matches(one.module, module) && matches(one.name, name);
  });
  return sign == std::end(kSigns) ? std::string() : ": " + std::string(sign->hint);
}

}  // namespace crumb::engine
