// How much of a limit is left for a WebAssembly guest.
#include "wire/guest_memory.h"

#include <gtest/gtest.h>

namespace crumb::wire {
namespace {

constexpr std::uint64_t kMebi = 1 << 20;
constexpr std::uint64_t kPagesOfMebi = kMebi / kGuestPage;

TEST(GuestMemory, IsTheLimitLessTheShare) { EXPECT_EQ(guest_pages(64 * kMebi, kEngineShare, 0), 60 * kPagesOfMebi); }

TEST(GuestMemory, HasNoLimitWithoutOne) { EXPECT_EQ(guest_pages(0, kEngineShare, 0), 0U); }

TEST(GuestMemory, IsOnePageWhereNothingIsLeft) {
  EXPECT_EQ(guest_pages(4096, kEngineShare, 0), 1U);
  EXPECT_EQ(guest_pages(kEngineShare + 1, kEngineShare, 0), 1U);
}

TEST(GuestMemory, IsNeverMoreThanTheCap) {
  EXPECT_EQ(guest_pages(0, kEngineShare, 16), 16U);
  EXPECT_EQ(guest_pages(64 * kMebi, kEngineShare, 16), 16U);
  EXPECT_EQ(guest_pages(5 * kMebi, kEngineShare, 100), kPagesOfMebi);
}

TEST(GuestMemory, IsNeverMoreThanAGuestCanAddress) { EXPECT_EQ(guest_pages(1ULL << 40, kEngineShare, 0), kMostGuestPages); }

TEST(InterpreterShare, GrowsWithTheCodeAndTheData) {
  EXPECT_EQ(interpreter_share(0, 0), 0U);
  EXPECT_EQ(interpreter_share(kMebi, 2 * kMebi), 8 * kMebi);
}

}  // namespace
}  // namespace crumb::wire
