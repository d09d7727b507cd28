#include "cli/summary.h"

#include <algorithm>
#include <array>

#include "oci/config.h"
#include "support/json.h"
#include "support/text.h"

namespace crumb::cli {
namespace {

using container::Summary;

json::object to_json(const Summary& summary) {
  json::object result;
  result["ociVersion"] = oci::kSpecVersion;
  result["id"] = summary.id;
  result["pid"] = summary.pid;
  result["status"] = container::word(summary.status);
  result["bundle"] = summary.bundle;
  result["rootfs"] = summary.rootfs;
  result["created"] = summary.created;
  if (!summary.annotations.empty()) {
    json::object& annotations = result["annotations"].emplace_object();
    for (const auto& [key, value] : summary.annotations) annotations[key] = value;
  }
  result["owner"] = summary.owner;
  return result;
}

constexpr std::size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

// A bundle's path may hold anything but NUL; the table is one line for each container.
std::string one_line(const std::string& text) {
  const bool plain =
      std::none_of(text.begin(), text.end(), [](unsigned char letter) { return letter < ' ' || letter == 0x7f; });
  return plain ? text : quote(text);
}

Row to_row(const Summary& summary) {
  return {summary.id,   std::to_string(summary.pid), container::word(summary.status), one_line(summary.bundle), summary.created,
          summary.owner};
}

}  // namespace

std::string state_json(const Summary& summary) { return json::pretty(to_json(summary)) + "\n"; }

std::string list_json(const std::vector<Summary>& summaries) {
  json::array result;
  for (const Summary& summary : summaries) result.push_back(to_json(summary));
  return json::serialize(result) + "\n";
}

std::string list_table(const std::vector<Summary>& summaries) {
  std::vector<Row> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const Summary& summary : summaries) rows.push_back(to_row(summary));

  constexpr std::size_t kLeastWidth = 12, kGap = 3;  // runc's
  std::array<std::size_t, kColumns> widths{};
  widths.fill(kLeastWidth);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size() + kGap);

  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) text += fmt::format("{:<{}}", row[i], widths[i]);
    text += row.back() + "\n";
  }
  return text;
}

std::string list_ids(const std::vector<Summary>& summaries) {
  std::string text;
  for (const Summary& summary : summaries) text += summary.id + "\n";
  return text;
}

}  // namespace crumb::cli
