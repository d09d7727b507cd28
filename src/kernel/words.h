// Looking words up in the tables of this room.
#pragma once

#include <cstdint>
#include <string_view>

namespace crumb::kernel {

// The word of the entry with this value; "?" for none.
template <class Table>
constexpr std::string_view word_of(const Table& table, std::uint64_t value) {
  for (const auto& entry : table)
    if (entry.value == value) return entry.word;
  return "?";
}

}  // namespace crumb::kernel
