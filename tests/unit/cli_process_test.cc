#include <gmock/gmock.h>

#include "cli/process.h"
#include "support/error.h"

namespace crumb::cli {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kKill = 1U << 5, kNetAdmin = 1U << 12, kNetRaw = 1U << 13;

oci::Process container() {
  oci::Process process;
  process.cwd = "/srv";
  process.env = {"PATH=/bin", "TERM=xterm", "PATHS=x"};
  process.args = {"sleep", "9"};
  process.user = {.uid = 1, .gid = 2, .umask = 7, .additional_gids = {3}};
  process.capabilities = {.bounding = kKill, .effective = kKill, .inheritable = kNetRaw, .permitted = kKill, .ambient = 0};
  process.rlimits = {{.type = 7, .soft = 10, .hard = 20}};
  process.oom_score_adj = 100;
  return process;
}

std::string error_of(ProcessFlags flags) {
  flags.command = {"id"};
  try {
    apply(container(), flags);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ExecProcess, IsTheContainersOwnButForTheCommand) {
  const oci::Process process = apply(container(), {.command = {"id", "-u"}});
  EXPECT_THAT(process.args, ElementsAre("id", "-u"));
  EXPECT_EQ(process.cwd, "/srv");
  EXPECT_THAT(process.env, ElementsAre("PATH=/bin", "TERM=xterm", "PATHS=x"));
  EXPECT_EQ(process.user.uid, 1U);
  EXPECT_EQ(process.user.gid, 2U);
  EXPECT_EQ(process.user.umask, 7U);
  EXPECT_THAT(process.user.additional_gids, ElementsAre(3));
  EXPECT_EQ(process.capabilities.bounding, kKill);
  EXPECT_EQ(process.rlimits.size(), 1U);
  EXPECT_EQ(process.oom_score_adj, 100);
  EXPECT_FALSE(process.no_new_privileges);
}

TEST(ExecProcess, EnvReplacesVariablesOfTheSameName) {
  const oci::Process process = apply(container(), {.env = {"PATH=/sbin", "A=1", "A=2", "E="}, .command = {"env"}});
  EXPECT_THAT(process.env, ElementsAre("TERM=xterm", "PATHS=x", "PATH=/sbin", "A=2", "E="));
}

TEST(ExecProcess, EnvWithoutANameOrAValueIsRefused) {
  EXPECT_EQ(error_of({.env = {"A"}}), "exec: option --env: \"A\" is not NAME=VALUE");
  EXPECT_EQ(error_of({.env = {"=A"}}), "exec: option --env: \"=A\" is not NAME=VALUE");
}

TEST(ExecProcess, UserSetsTheGroupOnlyWhenItNamesOne) {
  EXPECT_EQ(apply(container(), {.user = "5", .command = {"id"}}).user.gid, 2U);
  const oci::User user = apply(container(), {.user = "0:4294967294", .command = {"id"}}).user;
  EXPECT_EQ(user.uid, 0U);
  EXPECT_EQ(user.gid, 4294967294U);
}

// CVE-2026-30892: what is not understood must never become uid 0.
TEST(ExecProcess, UserIsNumbersAndNothingElse) {
  for (const char* bad : {"root", ":", "1:", ":1", "-1", "+1", " 1", "1 ", "0x1", "1:2:3", "1:x", "4294967295", "4294967296",
                          "18446744073709551616", "1:4294967295", "1,2", "1\n"})
    EXPECT_THAT(error_of({.user = bad}), testing::StartsWith("exec: option --user: ")) << bad;
}

TEST(ExecProcess, AdditionalGidsAreAdded) {
  EXPECT_THAT(apply(container(), {.gids = {"7", "8"}, .command = {"id"}}).user.additional_gids, ElementsAre(3, 7, 8));
  EXPECT_EQ(error_of({.gids = {"7,8"}}), "exec: option --additional-gids: \"7,8\" is not a group's number");
}

TEST(ExecProcess, CwdMustBeAbsolute) {
  EXPECT_EQ(apply(container(), {.cwd = "/tmp", .command = {"pwd"}}).cwd, "/tmp");
  EXPECT_EQ(error_of({.cwd = "tmp"}), "exec: option --cwd: \"tmp\" is not an absolute path");
}

TEST(ExecProcess, ACapabilityBecomesAmbientOnlyWhereItIsInheritable) {
  const oci::Capabilities sets =
      apply(container(), {.capabilities = {"CAP_NET_ADMIN", "CAP_NET_RAW"}, .command = {"id"}}).capabilities;
  EXPECT_EQ(sets.bounding, kKill | kNetAdmin | kNetRaw);
  EXPECT_EQ(sets.effective, kKill | kNetAdmin | kNetRaw);
  EXPECT_EQ(sets.permitted, kKill | kNetAdmin | kNetRaw);
  EXPECT_EQ(sets.inheritable, kNetRaw);
  EXPECT_EQ(sets.ambient, kNetRaw);
}

TEST(ExecProcess, AnUnknownCapabilityIsRefused) {
  EXPECT_EQ(error_of({.capabilities = {"CAP_FLY"}}), "exec: option --cap: unknown capability \"CAP_FLY\"");
}

TEST(ExecProcess, NoNewPrivsIsSetAndNeverCleared) {
  EXPECT_TRUE(apply(container(), {.no_new_privileges = true, .command = {"id"}}).no_new_privileges);
  oci::Process strict = container();
  strict.no_new_privileges = true;
  EXPECT_TRUE(apply(strict, {.command = {"id"}}).no_new_privileges);
}

TEST(ExecProcess, HasNoTerminalUnlessAskedFor) {
  oci::Process process = container();
  process.terminal = true;
  process.console_size = {24, 80};
  const oci::Process made = apply(process, {.command = {"id"}});
  EXPECT_FALSE(made.terminal);
  EXPECT_EQ(made.console_size.rows, 0);
}

std::string sub_cgroups_error(const std::vector<std::string>& values) {
  try {
    parse_sub_cgroups(values);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SubCgroups, OnePathIsForAllHierarchies) {
  EXPECT_TRUE(parse_sub_cgroups({}).empty());
  EXPECT_THAT(parse_sub_cgroups({"a/b"}), ElementsAre(std::pair("", "a/b")));
}

TEST(SubCgroups, ControllersHavePathsOfTheirOwn) {
  EXPECT_THAT(parse_sub_cgroups({"cpu,cpuacct:a", "name=systemd:b:c"}),
              ElementsAre(std::pair("cpu", "a"), std::pair("cpuacct", "a"), std::pair("name=systemd", "b:c")));
}

TEST(SubCgroups, WhatCannotBeMeantIsRefused) {
  EXPECT_EQ(sub_cgroups_error({""}), "exec: option --cgroup: \"\" names no cgroup");
  EXPECT_EQ(sub_cgroups_error({"cpu:"}), "exec: option --cgroup: \"cpu:\" names no cgroup");
  EXPECT_EQ(sub_cgroups_error({":a"}), "exec: option --cgroup: \":a\": a controller's name is missing");
  EXPECT_EQ(sub_cgroups_error({"cpu,:a"}), "exec: option --cgroup: \"cpu,:a\": a controller's name is missing");
  EXPECT_EQ(sub_cgroups_error({"cpu:a", "cpu:b"}), "exec: option --cgroup: controller \"cpu\" is there twice");
  EXPECT_EQ(sub_cgroups_error({"cpu:a", "b"}), "exec: option --cgroup: \"b\" has no controller, and so must be the only one");
}

}  // namespace
}  // namespace crumb::cli
