#include <gmock/gmock.h>

#include "cli/argv.h"
#include "support/error.h"

namespace crumb::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<Word> kWords = {{"bundle", 'b', true}, {"pid-file", 0, true}, {"detach", 'd', false}, {"help", 'h', false}};

Arguments anywhere(const std::vector<std::string>& arguments) { return normalise(kWords, arguments, Operands::anywhere); }
Arguments up_to_operand(const std::vector<std::string>& arguments) {
  return normalise(kWords, arguments, Operands::end_options);
}

// "--name" and the value of each
std::vector<std::string> options_of(const Arguments& arguments) {
  std::vector<std::string> texts;
  for (const GivenOption& option : arguments.options) {
    texts.push_back("--" + std::string(kWords[option.word].name));
    texts.push_back(option.value);
  }
  return texts;
}

std::string error_of(const std::vector<std::string>& arguments) {
  try {
    anywhere(arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Argv, EveryWayToWriteAnOptionWithAValueMeansTheSame) {
  const std::vector<std::vector<std::string>> ways = {{"--bundle", "/b"}, {"--bundle=/b"}, {"-bundle", "/b"}, {"-bundle=/b"},
                                                      {"-b", "/b"},       {"-b=/b"},       {"--b", "/b"}};
  for (const std::vector<std::string>& way : ways) {
    const Arguments arguments = anywhere(way);
    EXPECT_THAT(options_of(arguments), ElementsAre("--bundle", "/b")) << way[0];
    EXPECT_THAT(arguments.operands, IsEmpty()) << way[0];
  }
}

TEST(Argv, AFlagTakesNothingButWhatFollowsAnEqualsSign) {
  EXPECT_THAT(options_of(anywhere({"-detach", "web"})), ElementsAre("--detach", "true"));
  EXPECT_THAT(anywhere({"-detach", "web"}).operands, ElementsAre("web"));
  EXPECT_THAT(options_of(anywhere({"--detach=false"})), ElementsAre("--detach", "false"));
}

TEST(Argv, OptionsMayFollowOperands) {
  const Arguments arguments = anywhere({"web", "--bundle", "/b", "TERM", "-d"});
  EXPECT_THAT(options_of(arguments), ElementsAre("--bundle", "/b", "--detach", "true"));
  EXPECT_THAT(arguments.operands, ElementsAre("web", "TERM"));
}

TEST(Argv, OptionsEndAtTheFirstOperandWhereTheRestIsACommand) {
  const Arguments arguments = up_to_operand({"-d", "web", "ls", "-l", "--bundle", "--", "x"});
  EXPECT_THAT(options_of(arguments), ElementsAre("--detach", "true"));
  EXPECT_THAT(arguments.operands, ElementsAre("web", "ls", "-l", "--bundle", "--", "x"));
}

TEST(Argv, TwoDashesEndTheOptionsAndVanish) {
  EXPECT_THAT(anywhere({"-d", "--", "-b", "--"}).operands, ElementsAre("-b", "--"));
  EXPECT_THAT(up_to_operand({"-d", "--", "web", "ls"}).operands, ElementsAre("web", "ls"));
}

TEST(Argv, AValueIsTakenWhateverItLooksLike) {
  EXPECT_THAT(options_of(anywhere({"--bundle", "--help"})), ElementsAre("--bundle", "--help"));
  EXPECT_FALSE(anywhere({"--bundle", "--help"}).help);
  EXPECT_THAT(options_of(anywhere({"--bundle", "--"})), ElementsAre("--bundle", "--"));
  EXPECT_THAT(options_of(anywhere({"--bundle=a=b"})), ElementsAre("--bundle", "a=b"));
  EXPECT_THAT(options_of(anywhere({"--bundle="})), ElementsAre("--bundle", ""));
}

TEST(Argv, ADashAndNegativeNumbersAreOperands) {
  EXPECT_THAT(anywhere({"web", "-9", "-", ""}).operands, ElementsAre("web", "-9", "-", ""));
}

TEST(Argv, HelpIsSeen) {
  EXPECT_TRUE(anywhere({"web", "-h"}).help);
  EXPECT_FALSE(up_to_operand({"web", "-h"}).help);
}

TEST(Argv, AnUnknownOptionIsNamedWithoutItsValue) {
  EXPECT_EQ(error_of({"--secret=hunter2"}), "unknown option \"--secret\"");
  EXPECT_EQ(error_of({"-dd"}), "unknown option \"-dd\"");
  EXPECT_EQ(error_of({"---bundle"}), "unknown option \"---bundle\"");
}

TEST(Argv, AMissingValueIsAnError) { EXPECT_EQ(error_of({"web", "-b"}), "option --bundle requires an argument"); }

}  // namespace
}  // namespace crumb::cli
