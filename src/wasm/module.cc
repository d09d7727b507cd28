#include "wasm/module.h"

#include <cstdint>
#include <cstring>

#include "support/error.h"

namespace crumb::wasm {
namespace {

constexpr int kNotExecutable = 126;
constexpr std::string_view kMagic{"\0asm", 4};
constexpr std::uint16_t kComponentLayer = 1;

// Little-endian, wherever crumb runs.
std::uint16_t half(std::string_view head, std::size_t offset) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(head[index]); };
  return static_cast<std::uint16_t>(byte(offset) | byte(offset + 1) << 8);
}

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(fmt::format("\"{}\": {}", name, reason), kNotExecutable);
}

}  // namespace

Kind classify(std::string_view head) {
  if (!head.starts_with(kMagic)) return Kind::not_wasm;
  if (head.size() < kHeaderSize) return Kind::cut_off;
  const std::uint16_t version = half(head, 4), layer = half(head, 6);
  if (layer == kComponentLayer) return Kind::component;
  return version == 1 && layer == 0 ? Kind::module : Kind::unknown_version;
}

void require_module(std::string_view head, const std::string& name) {
  switch (classify(head)) {
    case Kind::module:
      return;
    case Kind::not_wasm:
      refuse(name, "not a WebAssembly module");
    case Kind::cut_off:
      refuse(name,
             fmt::format("a WebAssembly module that is cut off: {} bytes, and its header has {}", head.size(), kHeaderSize));
    case Kind::component:
      refuse(name, "a WebAssembly component; crumb runs core modules: build for wasm32-wasip1 (preview 1)");
    case Kind::unknown_version:
      refuse(name, fmt::format("WebAssembly binary version {:#x}; crumb runs core modules of version 1",
                               half(head, 4) | std::uint32_t{half(head, 6)} << 16));
  }
}

}  // namespace crumb::wasm
