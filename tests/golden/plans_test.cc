// Plans as text. Each folder in plans/ holds one case:
//   config.json         what create compiles; with process.json beside it, what exec does in that container
//   surroundings.json   {"cgroups": "none" | "v1" | "hybrid" | "v2", "noPivot": true, "cgroupsDisabled": true, "preserveFds":
//   2,
//                        "lastCapability": 40, "resctrl": "/sys/fs/resctrl", "keyring": true, "securityModules": true, "uid":
//                        1000, "systemd": "machine" | "user", "inUserNamespace": true, "denySetgroups": true}, all but cgroups
//                        optional. An ordinary user (uid) has no privilege and no cgroup.
//   plan.txt            what `crumb plan` would print, or the error; CRUMB_REBASE=1 writes it anew
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "oci/config.h"
#include "plan/compile.h"
#include "plan/text.h"
#include "plan/wire.h"
#include "support/json.h"

namespace crumb::plan {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPidfd = 7;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

CgroupHierarchy v1_hierarchy(const std::string& directory, std::vector<std::string> controllers) {
  return {"/sys/fs/cgroup/" + directory, std::move(controllers), false};
}

// Machines as they are met: v1 mounts as systemd makes them, hybrid with its empty second hierarchy, v2.
CgroupLayout layout(const std::string& name) {
  const std::vector<CgroupHierarchy> v1 = {v1_hierarchy("cpu,cpuacct", {"cpu", "cpuacct"}),
                                           v1_hierarchy("cpuset", {"cpuset"}),
                                           v1_hierarchy("devices", {"devices"}),
                                           v1_hierarchy("memory", {"memory"}),
                                           v1_hierarchy("pids", {"pids"}),
                                           v1_hierarchy("systemd", {"name=systemd"})};
  if (name == "v1") return {CgroupMode::v1, v1};
  if (name == "hybrid") {
    CgroupLayout hybrid{CgroupMode::hybrid, v1};
    hybrid.hierarchies.push_back({"/sys/fs/cgroup/unified", {"hugetlb"}, true});
    return hybrid;
  }
  if (name == "v2") return {CgroupMode::v2, {{"/sys/fs/cgroup", {"cpuset", "cpu", "io", "memory", "pids"}, true}}};
  return {};
}

Surroundings surroundings(const fs::path& folder) {
  const fs::path path = folder / "surroundings.json";
  const json::Document document = json::Document::parse(read_text(path), path.string());
  const json::Cursor root = document.root();
  Surroundings result;
  result.id = "web";
  result.bundle = "/bundle";
  result.rootfs = "/bundle/rootfs";
  result.cgroups = layout(root.at("cgroups").string());
  if (const auto flag = root.find("noPivot")) result.no_pivot = flag->boolean();
  if (const auto flag = root.find("cgroupsDisabled")) result.cgroups_disabled = flag->boolean();
  if (const auto flag = root.find("keyring")) result.keyring = flag->boolean();
  if (const auto flag = root.find("securityModules")) result.apparmor = result.selinux = flag->boolean();
  if (const auto count = root.find("preserveFds")) result.preserve_fds = static_cast<std::uint32_t>(count->natural());
  if (const auto count = root.find("listenFds")) result.listen_fds = static_cast<std::uint32_t>(count->natural());
  if (const auto number = root.find("lastCapability")) result.last_capability = number->natural();
  if (const auto number = root.find("uid")) result.uid = result.gid = static_cast<std::uint32_t>(number->natural());
  if (const auto flag = root.find("inUserNamespace")) result.in_user_namespace = flag->boolean();
  if (const auto flag = root.find("denySetgroups")) result.deny_setgroups = flag->boolean();
  if (const auto which = root.find("systemd"))
    result.systemd =
        which->string() == "user" ? SystemdManager{true, "/user.slice/user-1000.slice/user@1000.service"} : SystemdManager{};
  if (const auto place = root.find("resctrl")) result.resctrl = place->string();
  result.privileged = !result.ordinary_user();
  if (result.ordinary_user() || result.in_user_namespace) result.may_use = [](const CgroupLeaf&) { return false; };
  return result;
}

Plan compile(const fs::path& folder) {
  const oci::Config config = oci::parse_config(read_text(folder / "config.json"));
  if (!fs::exists(folder / "process.json")) return compile_create(config, surroundings(folder));
  const oci::Process process = oci::parse_process(read_text(folder / "process.json"), "process.json");
  return compile_exec(process, config, kPidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET,
                      {{"/sys/fs/cgroup/memory", "/crumb-web", {"memory"}, false, true}}, surroundings(folder));
}

std::string outcome(const fs::path& folder) {
  try {
    const Plan plan = compile(folder);
    EXPECT_EQ(encode(decode(encode(plan.steps, {})), {}), encode(plan.steps, {})) << "the wire loses something";
    return describe(plan);
  } catch (const Error& error) {
    return std::string(error.what()) + "\n";
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(CRUMB_TEST_SOURCE_DIR) / "golden/plans"))
    if (entry.is_directory()) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Plans : public testing::TestWithParam<std::string> {};

TEST_P(Plans, AreAsRecorded) {
  const fs::path folder = fs::path(CRUMB_TEST_SOURCE_DIR) / "golden/plans" / GetParam();
  const std::string found = outcome(folder);
  if (std::getenv("CRUMB_REBASE")) {
    std::ofstream(folder / "plan.txt", std::ios::binary) << found;
    GTEST_SKIP() << "written anew";
  }
  EXPECT_EQ(found, read_text(folder / "plan.txt"));
}

std::string test_name(const testing::TestParamInfo<std::string>& folder) {
  std::string name = folder.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, Plans, testing::ValuesIn(cases()), test_name);

}  // namespace
}  // namespace crumb::plan
