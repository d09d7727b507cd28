// Amounts as people write them, on the command line (there as for runc) and in annotations: sizes of memory, durations, numbers
// with a sign.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace crumb {

// "1048576", "512m", "1.5 GiB", "2kb": units are powers of 1024. Bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

// As Go writes it: "5s", "1m30s", "1.5h", "250ms". Milliseconds, rounded up.
std::optional<std::int64_t> parse_duration(std::string_view text);

// Decimal, with a sign or without.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace crumb
