#include "support/quantities.h"

#include <gtest/gtest.h>

namespace crumb {
namespace {

constexpr std::int64_t kMebi = 1 << 20;

TEST(Sizes, AreInBytesOrWithAUnitOf1024) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("1048576"), kMebi);
  EXPECT_EQ(parse_size("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"2m", "2M", "2mb", "2MB", "2MiB", "2 m", "2048k", "2048KiB"})
    EXPECT_EQ(parse_size(text), 2 * kMebi) << text;
  EXPECT_EQ(parse_size("1.5g"), 1536 * kMebi);
  EXPECT_EQ(parse_size("1t"), kMebi * kMebi);
  EXPECT_EQ(parse_size("32b"), 32);
}

TEST(Sizes, ThatAreNoneAreRefused) {
  for (const char* text : {"", "m", "-1", "-2m", "1x", "1mx", "1..5m", "1e3", "0x10", "9999999p", "1mib2", "nan", "inf"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Durations, AreThoseOfGo) {
  EXPECT_EQ(parse_duration("5s"), 5000);
  EXPECT_EQ(parse_duration("1m30s"), 90000);
  EXPECT_EQ(parse_duration("1.5h"), 5400000);
  EXPECT_EQ(parse_duration("250ms"), 250);
  EXPECT_EQ(parse_duration("1ns"), 1) << "rounded up";
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("2µs"), 1);
}

TEST(Durations, ThatAreNoneAreRefused) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5x", "5s3", "1e3s", "99999999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Integers, HaveASignOrNone) {
  EXPECT_EQ(parse_integer("-1"), -1);
  EXPECT_EQ(parse_integer("+7"), 7);
  for (const char* text : {"", "-", "1.0", "1 ", "0x1", "9223372036854775808", "+-1"})
    EXPECT_FALSE(parse_integer(text)) << text;
}

}  // namespace
}  // namespace crumb
