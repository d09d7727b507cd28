// What a program is that begins with "\0asm": only its first eight bytes are looked at. The rest of a module is the engine's to
// judge, inside the container.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crumb::wasm {

inline constexpr std::size_t kHeaderSize = 8;  // bytes: magic and version

// Core specification 2.0, 5.5.16 (version 1); component model, Binary.md: the version's upper half is the layer, 1 in
// components.
enum class Kind { not_wasm, cut_off, module, component, unknown_version };

// `head`: the file's first kHeaderSize bytes, fewer only when it has no more.
Kind classify(std::string_view head);

// Throws Error, exit code 126, for everything but a module of version 1. `name` is the path as the container sees it.
void require_module(std::string_view head, const std::string& name);

}  // namespace crumb::wasm
