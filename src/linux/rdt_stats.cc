#include "linux/rdt_stats.h"

#include <dirent.h>
#include <fcntl.h>

#include <charconv>
#include <string_view>

#include "kernel/call.h"
#include "linux/directory.h"
#include "support/error.h"
#include "support/fd.h"
#include "support/file.h"
#include "support/lines.h"
#include "support/log.h"
#include "support/text.h"

namespace crumb::linux {
namespace {

bool exists(const std::string& path) { return kernel::faccessat2(AT_FDCWD, path.c_str(), F_OK, 0) >= 0; }

std::string text_of(const std::string& path) { return std::string(trimmed(read_file(path))); }

std::uint64_t number_of(const std::string& path) {
  const std::string text = text_of(path);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw fail("{}: {} is not a number", path, quote(text));
  return value;
}

std::vector<std::string> schemata_of(const std::string& directory) {
  const std::string text = text_of(directory + "/schemata");
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(trimmed(line));
  return lines;
}

// The last one: with code and data prioritized apart, the cache has two.
std::string line_of(const std::vector<std::string>& schemata, std::string_view resource) {
  std::string found;
  for (const std::string& line : schemata)
    if (line.starts_with(resource)) found = line;
  return found;
}

RdtCacheInfo cache_info(const std::string& directory) {
  return {text_of(directory + "/cbm_mask"), number_of(directory + "/min_cbm_bits"), number_of(directory + "/num_closids")};
}

RdtBandwidthInfo bandwidth_info(const std::string& directory) {
  return {number_of(directory + "/bandwidth_gran"), number_of(directory + "/delay_linear"),
          number_of(directory + "/min_bandwidth"), number_of(directory + "/num_closids")};
}

// What the machine counts.
struct Counters {
  bool total = false, local = false, occupancy = false;
};

Counters counters(const std::string& mountpoint) {
  Counters found;
  const std::string file = mountpoint + "/info/L3_MON/mon_features";
  if (!exists(file)) return found;
  const std::string text = read_file(file);
  for (const std::string_view feature : split(text, '\n')) {
    if (feature == "mbm_total_bytes") found.total = true;
    if (feature == "mbm_local_bytes") found.local = true;
    if (feature == "llc_occupancy") found.occupancy = true;
  }
  return found;
}

// The directories of a group's domains: "mon_data/mon_L3_00".
std::vector<std::string> domains(const std::string& group) {
  const std::string data = group + "/mon_data";
  const Fd directory(check(kernel::openat(AT_FDCWD, data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open {}", data));
  std::vector<std::string> found;
  for (const Entry& entry : entries(directory.get(), data))
    if (entry.type == DT_DIR) found.push_back(data + "/" + entry.name);
  return found;
}

template <class Value, class Read>
std::optional<std::vector<Value>> of_each(const std::vector<std::string>& domains, const Read& read) {
  try {
    std::vector<Value> values;
    for (const std::string& domain : domains) values.push_back(read(domain));
    return values;
  } catch (const Error& error) {
    log::warning(error.what());
    return std::nullopt;
  }
}

void add_counters(const plan::RdtGroup& group, RdtStats& stats) {
  const Counters counted = counters(group.mountpoint);
  if (!counted.total && !counted.local && !counted.occupancy) return;
  const std::vector<std::string> all = domains(group.monitor.empty() ? group.directory : group.monitor);
  if (counted.total || counted.local)
    stats.traffic = of_each<RdtTraffic>(all, [&](const std::string& domain) {
      return RdtTraffic{counted.total ? number_of(domain + "/mbm_total_bytes") : 0,
                        counted.local ? number_of(domain + "/mbm_local_bytes") : 0};
    });
  if (counted.occupancy)
    stats.cache_occupied =
        of_each<std::uint64_t>(all, [](const std::string& domain) { return number_of(domain + "/llc_occupancy"); });
}

}  // namespace

RdtStats rdt_stats(const plan::RdtGroup& group) {
  RdtStats stats;
  const std::string info = group.mountpoint + "/info";
  const std::vector<std::string> root = schemata_of(group.mountpoint);
  stats.schemata = schemata_of(group.directory);
  if (exists(info + "/L3")) {
    stats.l3 = cache_info(info + "/L3");
    stats.l3_root = line_of(root, "L3");
    stats.l3_class = line_of(stats.schemata, "L3");
  }
  if (exists(info + "/MB")) {
    stats.bandwidth = bandwidth_info(info + "/MB");
    stats.bandwidth_root = line_of(root, "MB:");
    stats.bandwidth_class = line_of(stats.schemata, "MB:");
  }
  add_counters(group, stats);
  return stats;
}

}  // namespace crumb::linux
