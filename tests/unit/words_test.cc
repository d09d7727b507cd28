// The kernel's words: names to numbers and back.
#include <gtest/gtest.h>
#include <signal.h>

#include <iterator>
#include <set>

#include "kernel/capabilities.h"
#include "kernel/mount_options.h"
#include "kernel/signals.h"

namespace crumb::kernel {
namespace {

TEST(Signals, AreKnownByNumberNameAndLongNameInAnyCase) {
  EXPECT_EQ(signal_number("9"), SIGKILL);
  EXPECT_EQ(signal_number("0"), 0);
  EXPECT_EQ(signal_number("KILL"), SIGKILL);
  EXPECT_EQ(signal_number("SIGTERM"), SIGTERM);
  EXPECT_EQ(signal_number("sigusr1"), SIGUSR1);
  EXPECT_EQ(signal_number("hup"), SIGHUP);
}

TEST(Signals, CountTheRealtimeOnesAsLibcDoes) {
  EXPECT_EQ(signal_number("RTMIN"), SIGRTMIN);
  EXPECT_EQ(signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(signal_number("rtmax-1"), SIGRTMAX - 1);
  EXPECT_EQ(signal_number("RTMAX"), SIGRTMAX);
}

TEST(Signals, ThatAreNoneAreRefused) {
  for (const char* text : {"", "SIG", "65", "-1", "99999999999", "FOO", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMIN+", "9x", " 9"})
    EXPECT_EQ(signal_number(text), -1) << text;
}

TEST(Signals, LeadFromNumberToNameAndBack) {
  for (int number = 1; number < 32; ++number) {
    ASSERT_NE(signal_name(number), "") << number;
    EXPECT_EQ(signal_number(signal_name(number)), number);
  }
  EXPECT_EQ(signal_name(SIGABRT), "ABRT");
  EXPECT_EQ(signal_name(40), "");
}

TEST(Capabilities, LeadFromNameToNumber) {
  EXPECT_EQ(capability_number("CAP_CHOWN"), 0);
  EXPECT_EQ(capability_number("CAP_NET_RAW"), CAP_NET_RAW);
  EXPECT_EQ(capability_number("CAP_AUDIT_READ"), CAP_AUDIT_READ);
  EXPECT_EQ(capability_number("cap_chown"), -1);
  EXPECT_EQ(capability_number(""), -1);
  EXPECT_EQ(std::size(kCapabilities), 41U);
}

TEST(MountOptions, StandInTheTableOnce) {
  std::set<std::string_view> words;
  for (const MountOption& option : kMountOptions) EXPECT_TRUE(words.insert(option.word).second) << option.word;
}

}  // namespace
}  // namespace crumb::kernel
