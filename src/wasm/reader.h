// Bytes of a module, read with every bound checked. What is not as the core specification (3.0, chapter 5) has it throws an
// Error that says where: `at offset 0x1f: ...`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "support/error.h"

namespace crumb::wasm {

inline constexpr std::uint64_t kMostThings = 1'000'000;  // types, imports, ...: as browsers have it

class Reader {
 public:
  // `offset`: of the first byte in the file, for messages.
  explicit Reader(std::string_view bytes, std::size_t offset = 0) : rest_(bytes), offset_(offset) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t offset() const { return offset_; }
  std::size_t left() const { return rest_.size(); }
  Error error(std::string_view reason) const { return fail("at offset {:#x}: {}", offset_, reason); }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) throw error("it is cut short");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    offset_ += size;
    return taken;
  }
  void skip(std::uint64_t size) { take(size); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).front()); }
  std::uint8_t peek() const {
    if (rest_.empty()) throw error("it is cut short");
    return static_cast<std::uint8_t>(rest_.front());
  }

  // LEB128 of at most `bits` bits.
  std::uint64_t number(unsigned bits = 32) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      const std::uint8_t next = byte();
      value |= std::uint64_t{next & 0x7fU} << shift;
      if ((next & 0x80) == 0) return value;
    }
    throw error("a number is too long");
  }
  // A signed one, whose value is nobody's business.
  void skip_number(unsigned bits) { number(bits); }

  // How many things follow. No engine takes more of any kind than `most`, and each is a byte at least.
  std::uint64_t count(std::uint64_t most = kMostThings) {
    const std::uint64_t value = number();
    if (value > most) throw error(fmt::format("{} entries, and no engine takes more than {}", value, most));
    return value;
  }
  std::string_view name() { return take(number()); }
  Reader part(std::uint64_t size) {
    const std::size_t start = offset_;
    return Reader(take(size), start);
  }

 private:
  std::string_view rest_;
  std::size_t offset_;
};

}  // namespace crumb::wasm
