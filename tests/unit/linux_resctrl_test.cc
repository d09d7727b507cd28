// Lines of the resctrl filesystem's files `schemata`.
#include "linux/resctrl.h"

#include <gtest/gtest.h>

namespace crumb::linux {
namespace {

constexpr char kFile[] = "    MB:0= 20;1=100\n    L3:0=007f0;1=1F\n";

TEST(HasSchema, ComparesTheDomainsThatAreNamed) {
  EXPECT_TRUE(has_schema(kFile, "L3:0=7f0;1=1f"));
  EXPECT_TRUE(has_schema(kFile, "L3:1=1f"));
  EXPECT_TRUE(has_schema(kFile, "MB:1=100;0=20"));
  EXPECT_FALSE(has_schema(kFile, "L3:0=7f0;1=f"));
  EXPECT_FALSE(has_schema(kFile, "L3:2=1f"));
  EXPECT_FALSE(has_schema(kFile, "L2:0=f"));
  EXPECT_FALSE(has_schema("", "L3:0=f"));
  EXPECT_FALSE(has_schema(kFile, "nonsense"));
}

TEST(HasSchema, TakesNumbersForWhatTheyAre) {
  EXPECT_TRUE(has_schema("L3:0=0f", "L3:00=00F"));
  EXPECT_TRUE(has_schema("MB:0=0", "MB:0=000"));
  EXPECT_FALSE(has_schema("MB:0=10", "MB:0=100"));
}

}  // namespace
}  // namespace crumb::linux
