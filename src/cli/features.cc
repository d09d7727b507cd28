// crumb features: the tables from which the parser takes its words, as JSON.
#include "cli/features.h"

#include <algorithm>
#include <set>

#include "build_facts.h"
#include "cli/command.h"
#include "cli/output.h"
#include "kernel/capabilities.h"
#include "kernel/mount_options.h"
#include "kernel/namespaces.h"
#include "kernel/seccomp.h"
#include "oci/config.h"
#include "support/json.h"

namespace crumb::cli {
namespace {

using kernel::MountOptionKind;

boost::json::string_view view(std::string_view word) { return {word.data(), word.size()}; }

json::array to_json(const std::set<std::string, std::less<>>& words) {
  json::array list;
  for (const std::string& word : words) list.emplace_back(view(word));
  return list;
}

// "ro" and, for all mounts below, "rro".
json::array mount_options() {
  std::set<std::string, std::less<>> words;
  for (const kernel::MountOption& option : kernel::kMountOptions) {
    if (option.kind == MountOptionKind::refused) continue;
    words.emplace(option.word);
    if (option.kind == MountOptionKind::attribute || option.kind == MountOptionKind::atime)
      words.insert("r" + std::string(option.word));
  }
  return to_json(words);
}

json::array namespaces() {
  std::set<std::string, std::less<>> words;
  for (const kernel::NamespaceName& name : kernel::kNamespaces) words.emplace(name.word);
  return to_json(words);
}

json::array capabilities() {
  json::array words;
  for (const std::string_view word : kernel::kCapabilities) words.emplace_back(view(word));
  return words;
}

json::object enabled(bool yes) { return {{"enabled", yes}}; }

template <class Table>
json::array words_of(const Table& table) {
  json::array words;
  for (const auto& entry : table) words.emplace_back(view(entry.word));
  return words;
}

// A flag that belongs to notification is known, but of no use without it.
json::object seccomp() {
  json::object result = enabled(true);
  result["actions"] = words_of(kernel::kSeccompActions);
  result["operators"] = words_of(kernel::kSeccompOperators);
  result["archs"] = words_of(kernel::kSeccompArchitectures);
  result["knownFlags"] = words_of(kernel::kSeccompFlags);
  json::array& supported = result["supportedFlags"].emplace_array();
  for (const kernel::SeccompFlag& flag : kernel::kSeccompFlags)
    if (flag.value != SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) supported.emplace_back(view(flag.word));
  return result;
}

json::object linux_features() {
  json::object result;
  result["namespaces"] = namespaces();
  result["capabilities"] = capabilities();
  result["cgroup"] = {{"v1", true}, {"v2", true}, {"systemd", false}, {"systemdUser", false}, {"rdma", true}};
  result["seccomp"] = seccomp();
  result["apparmor"] = enabled(true);
  result["selinux"] = enabled(true);
  result["intelRdt"] = {{"enabled", false}, {"schemata", false}, {"monitoring", false}};
  result["mountExtensions"] = {{"idmap", enabled(true)}};
  result["netDevices"] = enabled(false);
  return result;
}

json::object annotations() {
  json::object result;
  result["run.crumb.version"] = CRUMB_VERSION;
  result["run.crumb.commit"] = build::kCommit;
  result["run.crumb.wasm"] = *build::kWamr ? "true" : "false";
  return result;
}

}  // namespace

std::string features_json() {
  json::object features;
  features["ociVersionMin"] = "1.0.0";
  features["ociVersionMax"] = oci::kSpecVersion;
  features["hooks"] = json::array();
  features["mountOptions"] = mount_options();
  features["linux"] = linux_features();
  features["annotations"] = annotations();
  features["potentiallyUnsafeConfigAnnotations"] = {"bundle", "org.criu.config", "org.systemd.property.", "run.crumb.",
                                                    "run.oci."};
  return json::pretty(features) + "\n";
}

Action define_features(Options&) {
  return [](const container::Runtime&) {
    print(features_json());
    return 0;
  };
}

}  // namespace crumb::cli
