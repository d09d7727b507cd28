// The texts of --help and --version, and the file of `crumb spec`. CRUMB_REBASE=1 rewrites tests/golden/cli.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/command.h"
#include "cli/features.h"
#include "cli/globals.h"
#include "cli/help.h"
#include "cli/spec.h"
#include "cli/version.h"
#include "oci/config.h"
#include "support/json.h"

namespace crumb::cli {
namespace {

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(CRUMB_TEST_SOURCE_DIR) + "/golden/cli/" + name + ".txt";
  if (std::getenv("CRUMB_REBASE")) {
    std::ofstream(path) << text;
    return;
  }
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

TEST(Help, OfCrumbNamesEveryCommandInAGroup) {
  const std::string text = overview(Globals().options());
  expect_golden("help", text);
  for (const Command& command : commands()) EXPECT_THAT(text, testing::HasSubstr(std::string(command.summary)));
}

TEST(Help, OfEachCommandIsAsItWas) {
  for (const Command& command : commands()) {
    Options options;
    command.define(options);
    std::string file = "help-" + std::string(command.name);
    std::replace(file.begin(), file.end(), ' ', '-');
    expect_golden(file, help_of(command, options));
  }
}

TEST(Help, FitsATerminalOf120Columns) {
  for (const Command& command : commands()) {
    Options options;
    command.define(options);
    std::istringstream lines(help_of(command, options) + overview(Globals().options()));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120U) << line;
  }
}

// But for the annotations, which hold the version and the commit.
TEST(Features, AreAsTheyWere) {
  json::value features = boost::json::parse(features_json(true));
  features.as_object().erase("annotations");
  expect_golden("features", json::pretty(features) + "\n");
}

// docs/callers: containerd and podman read these lines.
TEST(Version, BeginsWithTheLinesThatCallersRead) {
  EXPECT_THAT(
      version_text(),
      testing::MatchesRegex(
          "crumb version [0-9.]+\ncommit: [0-9a-f]+\nspec: 1.3.0\nlibc: [a-z]+\nlibseccomp: [0-9.]+\n(wamr: [0-9.]+\n)?|"
          "crumb version [0-9.]+\ncommit: unknown\nspec: 1.3.0\nlibc: [a-z]+\nlibseccomp: [0-9.]+\n(wamr: [0-9.]+\n)?"));
}

TEST(Spec, IsAConfigurationThatCrumbAccepts) {
  const oci::Config config = oci::parse_config(kSpecText);
  ASSERT_TRUE(config.process);
  EXPECT_THAT(config.process->args, testing::ElementsAre("sh"));
  EXPECT_TRUE(config.process->no_new_privileges);
  EXPECT_EQ(config.root.path, "rootfs");
  EXPECT_TRUE(config.root.readonly);
  EXPECT_EQ(config.linux_.namespaces.size(), 6U);
  EXPECT_EQ(config.mounts.size(), 7U);
}

TEST(DefaultRoot, IsInRunForRootAndInTheUsersDirectoryForOthers) {
  EXPECT_EQ(default_root(true, "/run/user/0"), "/run/crumb");
  EXPECT_EQ(default_root(false, "/run/user/1000"), "/run/user/1000/crumb");
  EXPECT_EQ(default_root(false, nullptr), "/run/crumb");
  EXPECT_EQ(default_root(false, ""), "/run/crumb");
}

}  // namespace
}  // namespace crumb::cli
