#include "support/sha256.h"

#include <nettle/sha2.h>

#include <charconv>

namespace crumb {

struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  sha256_update(&state_->context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  sha256_digest(&state_->context, digest.size(), digest.data());
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

std::string hex(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) text.append({kDigits[byte >> 4], kDigits[byte & 0xf]});
  return text;
}

std::optional<Sha256Digest> unhex(std::string_view text) {
  Sha256Digest digest;
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::uint8_t& byte : digest) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + 2) return std::nullopt;
    text.remove_prefix(2);
  }
  return digest;
}

}  // namespace crumb

#ifndef __GLIBC__
// Distributions build the static nettle with glibc and _FORTIFY_SOURCE: another C library lacks the name that its debug output
// has there, which is never used.
extern "C" int __fprintf_chk(void*, int, const char*, ...) { return 0; }  // NOLINT(bugprone-reserved-identifier)
#endif
