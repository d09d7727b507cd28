// Bytes of a module, which nobody has checked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crumb::engine {

// Reads a section's contents; every read is checked against the end.
class Reader {
 public:
  Reader(const std::uint8_t* start, std::size_t size) : next_(start), end_(start + size) {}

  const std::uint8_t* next() const { return next_; }
  bool at_end() const { return next_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

  bool byte(std::uint8_t& value) {
    if (at_end()) return false;
    value = *next_++;
    return true;
  }

  // An unsigned LEB128 of up to `bits` bits.
  bool number(std::uint64_t& value, unsigned bits = 32) {
    value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      std::uint8_t part = 0;
      if (!byte(part)) return false;
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if ((part & 0x80) == 0) return true;
    }
    return false;
  }

  // A name: its length and its bytes.
  bool skip_name() {
    std::uint64_t size = 0;
    if (!number(size) || size > left()) return false;
    next_ += size;
    return true;
  }

  Reader part(std::size_t size) {
    const Reader result(next_, size);
    next_ += size;
    return result;
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace crumb::engine
