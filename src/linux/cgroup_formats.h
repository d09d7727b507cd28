// Forms of the kernel's files about cgroups. Nothing here fails: what is no number counts as 0, a line of another form is left
// out.
#pragma once

#include <charconv>
#include <string_view>

#include "linux/cgroup_stats.h"

namespace crumb::linux {

template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "max" is no limit.
std::uint64_t amount(std::string_view text);

// What stands between blanks.
std::vector<std::string_view> words(std::string_view text);
std::vector<std::uint64_t> numbers(std::string_view text);

std::vector<std::uint64_t> parse_list(std::string_view text);                    // "0-2,4"
std::optional<PressureStats> parse_pressure(std::string_view text);              // "some avg10=0.00 ...\nfull ..."
std::vector<BlkioEntry> parse_blkio(std::string_view text);                      // "8:0 Read 1282048\n"
std::map<std::string, std::vector<BlkioEntry>> parse_io(std::string_view text);  // "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..."

}  // namespace crumb::linux
