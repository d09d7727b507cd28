#include "cli/process_table.h"

#include <algorithm>
#include <charconv>

#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

// The words of a line, blanks left out.
std::vector<std::string_view> columns(std::string_view line) {
  std::vector<std::string_view> found = split(line, ' ');
  std::erase(found, "");
  return found;
}

// -1 when there is none, as in a line that goes on from the one above.
int pid_in(std::string_view line, std::size_t column) {
  const std::vector<std::string_view> words = columns(line);
  int pid = -1;
  if (words.size() > column) std::from_chars(words[column].data(), words[column].data() + words[column].size(), pid);
  return pid;
}

}  // namespace

std::string pids_json(const std::vector<int>& pids) {
  json::array list;
  for (const int pid : pids) list.emplace_back(pid);
  return json::serialize(list) + "\n";
}

std::string process_table(std::string_view output, const std::vector<int>& pids) {
  std::vector<std::string_view> lines = split(output, '\n');
  const std::vector<std::string_view> heading = columns(lines.front());
  const auto column = std::ranges::find(heading, "PID");
  if (column == heading.end()) throw fail("ps: there is no column PID in {}", quote(lines.front()));
  std::string table = std::string(lines.front()) + "\n";
  for (auto line = lines.begin() + 1; line != lines.end(); ++line)
    if (std::ranges::find(pids, pid_in(*line, static_cast<std::size_t>(column - heading.begin()))) != pids.end())
      table.append(*line).append("\n");
  return table;
}

}  // namespace crumb::cli
