// SHA-256 (FIPS 180-4), by nettle.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace crumb {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  // Of all that was added; this object begins anew.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(std::string_view bytes);

// 64 digits.
std::string hex(const Sha256Digest& digest);

// Of such a text; nothing when it is none.
std::optional<Sha256Digest> unhex(std::string_view text);

}  // namespace crumb
