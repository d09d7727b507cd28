// linux.intelRdt (config-linux.md, IntelRdt).
#include "oci/parse.h"

namespace crumb::oci {
namespace {

// It becomes a directory of the resctrl filesystem.
std::string parse_clos_id(const json::Cursor& id) {
  std::string name = id.string();
  if (name == "." || name == ".." || (name != "/" && name.find('/') != std::string::npos))
    throw id.error(fmt::format("\"{}\" is no name of a class of service", name));
  return name;
}

// One line of `schemata`, beginning with `resource`; nothing for "".
void add_line(const json::Cursor& schema, std::string_view resource, std::vector<std::string>& lines) {
  const std::string line = schema.string();
  if (line.empty()) return;
  if (!line.starts_with(resource)) throw schema.error(fmt::format("\"{}\" does not begin with \"{}\"", line, resource));
  if (line.find('\n') != std::string::npos) throw schema.error("holds more than one line");
  lines.push_back(line);
}

}  // namespace

IntelRdt parse_intel_rdt(const json::Cursor& object) {
  IntelRdt rdt;
  if (const auto id = object.find("closID")) rdt.clos_id = parse_clos_id(*id);
  if (const auto schema = object.find("l3CacheSchema")) add_line(*schema, "L3:", rdt.schemata);
  if (const auto schema = object.find("memBwSchema")) add_line(*schema, "MB:", rdt.schemata);
  rdt.compared = rdt.schemata.size();
  if (const auto list = object.find("schemata"))
    for (const json::Cursor& line : list->items()) add_line(line, "", rdt.schemata);
  if (const auto flag = object.find("enableMonitoring")) rdt.monitoring = flag->boolean();
  return rdt;
}

}  // namespace crumb::oci
