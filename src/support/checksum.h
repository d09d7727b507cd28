// A checksum of 64 bits: a change by accident does not go unnoticed, one on purpose may. Of hardly any cost, which SHA-256
// (sha256.h) is not where a hypervisor has to answer what the CPU can do.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace crumb {

// `begin`: the checksum of what stands before the bytes.
inline std::uint64_t checksum(std::string_view bytes, std::uint64_t begin = 0) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  constexpr unsigned kHalf = 32;
  std::uint64_t sum = begin;
  // Each step is reversible: two texts of one length that differ in one word never have the same sum.
  const auto add = [&](std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> kHalf;
  };
  add(bytes.size());
  std::uint64_t word = 0;
  for (; bytes.size() >= sizeof word; bytes.remove_prefix(sizeof word)) {
    std::memcpy(&word, bytes.data(), sizeof word);
    add(word);
  }
  if (bytes.empty()) return sum;
  word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  add(word);
  return sum;
}

}  // namespace crumb
