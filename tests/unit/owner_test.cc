// The reader of passwd(5) that stands in for the C library's name service.
#include "container/owner.h"

#include <gtest/gtest.h>

namespace crumb::container {
namespace {

constexpr char kUsers[] =
    "root:x:0:0:root:/root:/bin/bash\n"
    "broken\n"
    "::\n"
    "web:x:1000:100::/srv:/bin/sh\n"
    "other:x:1000:100::/:/bin/sh\n"
    "last:x:7:7";

TEST(UserName, IsThatOfTheFirstLineWithTheNumber) {
  EXPECT_EQ(user_name(kUsers, 0), "root");
  EXPECT_EQ(user_name(kUsers, 1000), "web");
}

TEST(UserName, IsFoundOnALastLineWithoutItsEnd) { EXPECT_EQ(user_name(kUsers, 7), "last"); }

TEST(UserName, IsEmptyForANumberThatNobodyHas) {
  EXPECT_EQ(user_name(kUsers, 100), "");
  EXPECT_EQ(user_name("", 0), "");
}

TEST(OwnerName, OfRootOnThisMachineIsRoot) { EXPECT_EQ(owner_name(0), "root"); }

TEST(OwnerName, IsTheNumberWhereTheHostHasNoName) { EXPECT_EQ(owner_name(4294967294U), "4294967294"); }

}  // namespace
}  // namespace crumb::container
