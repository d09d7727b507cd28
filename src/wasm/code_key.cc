#include "wasm/code_key.h"

#include <fmt/format.h>

#include "code_facts.h"
#include "wire/code.h"

namespace crumb::wasm {

std::string_view code_build() { return build::kCodeBuild; }

Sha256Digest code_key(const Sha256Digest& module, CodeKind kind, std::string_view build) {
  return sha256(fmt::format("crumb code\nmodule {}\nbuild {}\ntarget {} {} {}\nlevel {}{}\n", hex(module), build,
                            wire::kCodeArchitecture, wire::kCodeAbi, wire::kCodeCpu, kind.level, kind.frames ? " frames" : ""));
}

}  // namespace crumb::wasm
