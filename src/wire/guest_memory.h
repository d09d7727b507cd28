// How much memory a WebAssembly guest may have where the container's is limited: then memory.grow fails in time, and the guest
// sees it, where the kernel would kill it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace crumb::wire {

inline constexpr std::uint64_t kGuestPage = 64U << 10;   // bytes
inline constexpr std::uint64_t kMostGuestPages = 65536;  // all that 32-bit addresses reach

// What crumb-wasm itself takes, the guest's operand stack included.
inline constexpr std::uint64_t kEngineShare = 4U << 20;

// What the interpreter takes besides, of the sizes of the module's code and data sections: its own form of the code, of which
// CPython needs 4.8 and a program of Go's 6.0 times the section's size, and a copy of the data. Compiled code is mapped from
// the cache, and its pages can be dropped.
constexpr std::uint64_t interpreter_share(std::uint64_t code, std::uint64_t data) { return 6 * code + data; }

// Pages that the guest may have, at least 1; 0: as many as it likes. limit: bytes for everything, 0: none; share: bytes of it
// that are not the guest's; cap: pages that it may have at most in any case, 0: none.
constexpr std::uint64_t guest_pages(std::uint64_t limit, std::uint64_t share, std::uint64_t cap) {
  if (limit == 0) return std::min(cap, kMostGuestPages);
  const std::uint64_t left = limit > share ? (limit - share) / kGuestPage : 0;
  const std::uint64_t pages = std::clamp<std::uint64_t>(left, 1, kMostGuestPages);
  return cap == 0 ? pages : std::min(pages, cap);
}

}  // namespace crumb::wire
