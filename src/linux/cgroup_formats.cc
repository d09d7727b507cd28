#include "linux/cgroup_formats.h"

#include <algorithm>

#include "support/text.h"

namespace crumb::linux {
namespace {

constexpr std::string_view kBlanks = " \t\n";

Pressure parse_pressure_line(std::string_view line) {
  Pressure pressure;
  for (const std::string_view word : words(line)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "avg10") pressure.average10 = number<double>(value);
    if (key == "avg60") pressure.average60 = number<double>(value);
    if (key == "avg300") pressure.average300 = number<double>(value);
    if (key == "total") pressure.total = number<std::uint64_t>(value);
  }
  return pressure;
}

// "8:0" of a line.
BlkioEntry entry_of(std::string_view device) {
  const std::size_t colon = device.find(':');
  return {number<std::uint64_t>(device), number<std::uint64_t>(device.substr(colon + 1)), "", 0};
}

}  // namespace

std::uint64_t amount(std::string_view text) { return text.starts_with("max") ? kNoLimit : number<std::uint64_t>(text); }

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = text.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

std::vector<std::uint64_t> numbers(std::string_view text) {
  std::vector<std::uint64_t> found;
  for (const std::string_view word : words(text)) found.push_back(number<std::uint64_t>(word));
  return found;
}

std::vector<std::uint64_t> parse_list(std::string_view text) {
  constexpr std::uint64_t kMost = 1U << 16;  // more CPUs than any kernel counts
  std::vector<std::uint64_t> found;
  for (const std::string_view part : split(text.substr(0, text.find('\n')), ',')) {
    if (part.empty()) continue;
    const std::size_t dash = part.find('-');
    const std::uint64_t first = number<std::uint64_t>(part);
    const std::uint64_t last = dash == std::string_view::npos ? first : number<std::uint64_t>(part.substr(dash + 1));
    for (std::uint64_t one = first; one <= std::min(last, kMost); ++one) found.push_back(one);
  }
  return found;
}

std::optional<PressureStats> parse_pressure(std::string_view text) {
  PressureStats stats;
  bool any = false;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("some ")) stats.some = parse_pressure_line(line), any = true;
    if (line.starts_with("full ")) stats.full = parse_pressure_line(line), any = true;
  }
  return any ? std::optional(stats) : std::nullopt;
}

std::vector<BlkioEntry> parse_blkio(std::string_view text) {
  std::vector<BlkioEntry> found;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> columns = words(line);
    if (columns.size() < 2 || columns[0].find(':') == std::string_view::npos) continue;  // "Total 228"
    BlkioEntry entry = entry_of(columns[0]);
    if (columns.size() > 2) entry.operation = columns[1];
    entry.value = number<std::uint64_t>(columns.back());
    found.push_back(std::move(entry));
  }
  return found;
}

std::map<std::string, std::vector<BlkioEntry>> parse_io(std::string_view text) {
  struct Count {
    std::string_view key, table, operation;
  };
  constexpr Count kCounts[] = {{"rbytes", "io_service_bytes", "Read"},
                               {"wbytes", "io_service_bytes", "Write"},
                               {"rios", "io_serviced", "Read"},
                               {"wios", "io_serviced", "Write"}};
  std::map<std::string, std::vector<BlkioEntry>> found;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> columns = words(line);
    for (std::size_t i = 1; i < columns.size(); ++i) {
      const std::size_t equals = std::min(columns[i].find('='), columns[i].size() - 1);
      const auto* count = std::ranges::find(kCounts, columns[i].substr(0, equals), &Count::key);
      if (count == std::end(kCounts)) continue;
      BlkioEntry entry = entry_of(columns[0]);
      entry.operation = count->operation;
      entry.value = number<std::uint64_t>(columns[i].substr(equals + 1));
      found[std::string(count->table)].push_back(std::move(entry));
    }
  }
  return found;
}

}  // namespace crumb::linux
