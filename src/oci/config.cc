#include "oci/config.h"

#include <sched.h>

#include <algorithm>

#include "oci/parse.h"
#include "support/json.h"

namespace crumb::oci {

std::string parse_absolute_path(const json::Cursor& path) {
  std::string text = path.string();
  if (!text.starts_with('/')) throw path.error(fmt::format("\"{}\" is not an absolute path", text));
  return text;
}

std::vector<std::string> parse_absolute_paths(const json::Cursor& paths) {
  std::vector<std::string> result;
  for (const json::Cursor& path : paths.items()) result.push_back(parse_absolute_path(path));
  return result;
}

namespace {

constexpr std::size_t kLongestName = 64;  // of a host or domain: the kernel's __NEW_UTS_LEN

// Takes decimals off the front; false when there are none.
bool take_decimals(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

// SemVer 2.0.0, major version 1: "1.0.2-dev", "1.3.0+x".
bool is_version_1(std::string_view text) {
  if (!text.starts_with("1.")) return false;
  text.remove_prefix(2);
  if (!take_decimals(text) || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  return take_decimals(text) && (text.empty() || ((text[0] == '-' || text[0] == '+') && text.size() > 1));
}

std::string parse_version(const json::Cursor& version) {
  std::string text = version.string();
  if (!is_version_1(text)) throw version.error(fmt::format("\"{}\" is not a 1.x version of the runtime specification", text));
  return text;
}

Root parse_root(const json::Cursor& object) {
  Root root;
  const json::Cursor path = object.at("path");
  root.path = path.string();
  if (root.path.empty()) throw path.error("is empty");
  if (const auto readonly = object.find("readonly")) root.readonly = readonly->boolean();
  return root;
}

Mount parse_mount(const json::Cursor& object, std::size_t index) {
  Mount mount;
  mount.place = fmt::format("mounts[{}]", index);  // Cursor::place() is for errors: it searches the whole document
  const json::Cursor destination = object.at("destination");
  mount.destination = destination.string();
  if (mount.destination.empty()) throw destination.error("is empty");
  if (!mount.destination.starts_with('/')) mount.destination.insert(mount.destination.begin(), '/');
  if (const auto type = object.find("type")) mount.type = type->string();
  if (const auto source = object.find("source")) mount.source = source->string();
  if (const auto options = object.find("options")) mount.options = options->strings();
  parse_mount_mappings(object, mount);
  return mount;
}

std::map<std::string, std::string> parse_annotations(const json::Cursor& object) {
  std::map<std::string, std::string> annotations;
  for (const auto& [key, value] : object.members()) {
    if (key.empty()) throw value.error("an annotation's key must not be empty");
    annotations.emplace(key, value.string());
  }
  return annotations;
}

// hostname or domainname; it is the uts namespace that has them.
std::string parse_uts_name(const json::Cursor& text, const Config& config) {
  std::string name = text.string();
  if (name.size() > kLongestName) throw text.error(fmt::format("longer than {} bytes", kLongestName));
  const bool own = std::any_of(config.linux_.namespaces.begin(), config.linux_.namespaces.end(),
                               [](const Namespace& space) { return space.type == CLONE_NEWUTS; });
  if (!name.empty() && !own) throw text.error("needs a \"uts\" namespace in linux.namespaces");
  return name;
}

}  // namespace

Config parse_config(std::string_view text, const std::string& name) {
  const json::Document document = json::Document::parse(text, name);
  const json::Cursor top = document.root();
  Config config;
  config.name = name;
  config.oci_version = parse_version(top.at("ociVersion"));
  config.root = parse_root(top.at("root"));
  if (const auto process = top.find("process")) config.process = parse_process(*process);
  if (const auto hooks = top.find("hooks"); hooks && !hooks->empty()) config.hooks = parse_hooks(*hooks);
  if (const auto mounts = top.find("mounts"))
    for (const json::Cursor& mount : mounts->items()) config.mounts.push_back(parse_mount(mount, config.mounts.size()));
  if (const auto annotations = top.find("annotations")) config.annotations = parse_annotations(*annotations);
  if (const auto linux_object = top.find("linux")) config.linux_ = parse_linux(*linux_object);
  if (const auto hostname = top.find("hostname")) config.hostname = parse_uts_name(*hostname, config);
  if (const auto domainname = top.find("domainname")) config.domainname = parse_uts_name(*domainname, config);
  return config;
}

}  // namespace crumb::oci
