// crumb features: the tables from which the parser takes its words, as JSON.
#include "cli/features.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "build_facts.h"
#include "cli/command.h"
#include "cli/output.h"
#include "kernel/capabilities.h"
#include "kernel/memory_policy.h"
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

json::object seccomp() {
  json::object result = enabled(true);
  result["actions"] = words_of(kernel::kSeccompActions);
  result["operators"] = words_of(kernel::kSeccompOperators);
  result["archs"] = words_of(kernel::kSeccompArchitectures);
  result["knownFlags"] = words_of(kernel::kSeccompFlags);
  result["supportedFlags"] = words_of(kernel::kSeccompFlags);
  return result;
}

json::object linux_features(bool systemd) {
  json::object result;
  result["namespaces"] = namespaces();
  result["capabilities"] = capabilities();
  result["cgroup"] = {{"v1", true}, {"v2", true}, {"systemd", systemd}, {"systemdUser", systemd}, {"rdma", true}};
  result["seccomp"] = seccomp();
  result["apparmor"] = enabled(true);
  result["selinux"] = enabled(true);
  result["memoryPolicy"] = {{"modes", words_of(kernel::kMemoryPolicyModes)}, {"flags", words_of(kernel::kMemoryPolicyFlags)}};
  result["intelRdt"] = {{"enabled", true}, {"schemata", true}, {"monitoring", true}};
  result["mountExtensions"] = {{"idmap", enabled(true)}};
  result["netDevices"] = enabled(true);
  return result;
}

json::object annotations() {
  json::object result;
  result["run.crumb.version"] = CRUMB_VERSION;
  result["run.crumb.commit"] = build::kCommit;
  result["org.opencontainers.runc.checkpoint.enabled"] = "true";  // by this name callers look for it
  result["run.crumb.wasm"] = *build::kWamr ? "true" : "false";
  return result;
}

}  // namespace

std::string features_json(bool systemd) {
  json::object features;
  features["ociVersionMin"] = "1.0.0";
  features["ociVersionMax"] = oci::kSpecVersion;
  json::array hooks;
  for (const oci::HookKind& kind : oci::kHookKinds) hooks.emplace_back(kind.name);
  features["hooks"] = std::move(hooks);
  features["mountOptions"] = mount_options();
  features["linux"] = linux_features(systemd);
  features["annotations"] = annotations();
  features["potentiallyUnsafeConfigAnnotations"] = {"bundle", "org.criu.config", "org.systemd.property.", "run.crumb.",
                                                    "run.oci."};
  return json::pretty(features) + "\n";
}

Action define_features(Options&) {
  return [](const container::Runtime& runtime) {
    std::error_code ignored;
    print(features_json(std::filesystem::exists(runtime.systemd_path, ignored)));
    return 0;
  };
}

}  // namespace crumb::cli
