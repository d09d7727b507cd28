#include <gmock/gmock.h>

#include "cli/options.h"
#include "support/error.h"

namespace crumb::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A command with one option of each kind.
struct Sample {
  bool detach = false;
  std::string bundle = "default", id, signal = "SIGTERM";
  std::vector<std::string> env;
  std::uint32_t fds = 0;
  Options options;

  Sample() {
    options.flag("detach,d", detach, "");
    options.text("bundle,b", bundle, "DIR", "");
    options.texts("env,e", env, "NAME=VALUE", "");
    options.number("preserve-fds", fds, "N", "");
    options.refused("tty,t", "", "no terminals");
    options.refused("console-socket", "SOCKET", "no terminals");
    options.ignored("no-new-keyring", "");
    options.exclude("bundle", {"env"});
    options.operand("ID", id, true);
    options.operand("SIGNAL", signal, false);
  }

  std::string error_of(const std::vector<std::string>& arguments) {
    try {
      options.parse(arguments);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST(Options, WhatIsNotGivenKeepsItsDefault) {
  Sample sample;
  sample.options.parse({"web"});
  EXPECT_EQ(sample.id, "web");
  EXPECT_EQ(sample.signal, "SIGTERM");
  EXPECT_EQ(sample.bundle, "default");
  EXPECT_FALSE(sample.detach);
  EXPECT_FALSE(sample.options.help_wanted());
}

TEST(Options, TheLastOfSeveralCounts) {
  Sample sample;
  sample.options.parse({"-b", "/a", "--bundle=/b", "-d", "--detach=false", "web", "-preserve-fds", "1", "-preserve-fds=2"});
  EXPECT_EQ(sample.bundle, "/b");
  EXPECT_FALSE(sample.detach);
  EXPECT_EQ(sample.fds, 2U);
}

TEST(Options, ARepeatableOptionKeepsAllItsValuesAsTheyAre) {
  Sample sample;
  sample.options.parse({"-e", "A=1,2", "--env=[x,y]", "-e", "{}", "-e", "", "-e", "--", "-e", "%%", "web"});
  EXPECT_THAT(sample.env, ElementsAre("A=1,2", "[x,y]", "{}", "", "--", "%%"));
  EXPECT_EQ(sample.id, "web");
}

TEST(Options, AnOperandIsTakenAsItIs) {
  for (const std::string id : {"[a,b]", "{}", "%%", "++", "/bundle", "-1"}) {
    Sample sample;
    sample.options.parse({id});
    EXPECT_EQ(sample.id, id);
  }
}

TEST(Options, TheCommandAfterTheIdIsNotLookedAt) {
  Options options;
  std::string id;
  std::vector<std::string> command;
  options.operand("ID", id, true);
  options.rest(command);
  options.parse({"web", "ls", "--help", "[ab]", "--", "-x"});
  EXPECT_EQ(id, "web");
  EXPECT_THAT(command, ElementsAre("ls", "--help", "[ab]", "--", "-x"));
  EXPECT_FALSE(options.help_wanted());
}

TEST(Options, AMissingOrSuperfluousOperandIsAnError) {
  EXPECT_EQ(Sample().error_of({}), "ID is required");
  EXPECT_EQ(Sample().error_of({"web", "KILL", "more"}), "unexpected argument \"more\"");
}

TEST(Options, NumbersAreDecimalDigitsWithoutOverflow) {
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "4294967296", "99999999999999999999", "1'000"})
    EXPECT_THAT(Sample().error_of({"web", std::string("--preserve-fds=") + bad}), HasSubstr("is not a number")) << bad;
  Sample sample;
  sample.options.parse({"web", "--preserve-fds=4294967295"});
  EXPECT_EQ(sample.fds, 4294967295U);
}

TEST(Options, AFlagIsTrueOrFalse) {
  EXPECT_EQ(Sample().error_of({"web", "--detach=maybe"}), "option --detach: \"maybe\" is neither true nor false");
  EXPECT_EQ(Sample().error_of({"web", "--no-new-keyring="}), "option --no-new-keyring: \"\" is neither true nor false");
  Sample sample;
  sample.options.parse({"web", "--detach=1"});
  EXPECT_TRUE(sample.detach);
}

TEST(Options, WhatIsRefusedSaysWhyUnlessItIsSwitchedOff) {
  EXPECT_EQ(Sample().error_of({"-t", "web"}), "option --tty: no terminals");
  EXPECT_EQ(Sample().error_of({"--console-socket", "/s", "web"}), "option --console-socket: no terminals");
  EXPECT_EQ(Sample().error_of({"--tty=false", "web"}), "no error");
  EXPECT_EQ(Sample().error_of({"--no-new-keyring", "web"}), "no error");
}

TEST(Options, ExcludedOptionsCannotBeGivenTogether) {
  EXPECT_EQ(Sample().error_of({"-b", "/b", "-e", "A=1", "web"}), "options --bundle and --env cannot be given together");
}

TEST(Options, HelpNeedsNoOperands) {
  Sample sample;
  sample.options.parse({"--help"});
  EXPECT_TRUE(sample.options.help_wanted());
  EXPECT_THAT(sample.id, IsEmpty());
}

}  // namespace
}  // namespace crumb::cli
