// Filters of which libseccomp has made only what is intricate, against those that it has made alone.
#include "helpers/seccomp/plain_calls.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>

#include "config_case.h"
#include "filter_comparison.h"
#include "helpers/seccomp/filter.h"
#include "linux/seccomp_filter.h"
#include "profile_dice.h"
#include "support/error.h"
#include "support/file.h"

namespace crumb::seccomp {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW, kTrap = SECCOMP_RET_TRAP, kLog = SECCOMP_RET_LOG;
constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM, kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;
const std::vector<std::string> kX86Family{"x86_64", "x86", "x32"};

const std::string kRefused = "both refuse it: ";

// What list_filter and build_filter do otherwise; "" when they do the same.
std::string difference(const Profile& profile) {
  Filter wanted, made;
  const std::string refusal = oci::message_of([&] { wanted = list_filter(profile); });
  const std::string message = oci::message_of([&] { made = build_filter(profile); });
  if (refusal != message) return fmt::format("it says \"{}\" instead of \"{}\"", message, refusal);
  if (refusal != "no error") return kRefused + refusal;
  if (wanted.left_out != made.left_out) return "other names are left out";
  return Comparison(wanted.program, made.program).difference();
}

Profile dockers_profile() {
  const std::string text = read_file(CRUMB_TEST_SOURCE_DIR "/data/docker-seccomp.json");
  return parse_profile(linux::seccomp_profile(*oci::parse_with("/linux/seccomp", text).linux_.seccomp, false));
}

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }

TEST(SeccompPlainCalls, OfDockersProfileAreMostAndDecideAsLibseccomp) {
  const Profile profile = dockers_profile();
  EXPECT_EQ(difference(profile), "");
  const PlainCalls plain = find_plain_calls(profile, {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32});
  EXPECT_GT(std::ranges::count(plain.aside, true), 300);
  EXPECT_GT(plain.answers.size(), 800U);
}

// As podman's: two errors, and an address family that is forbidden for one protocol only.
TEST(SeccompPlainCalls, OfAProfileWithTwoErrorsDecideAsLibseccomp) {
  Profile profile{.default_action = kNoSuchCall, .architectures = kX86Family, .rules = {}};
  profile.rules.push_back({kNotPermitted, {"bdflush", "mount", "pivot_root", "swapon", "setns", "stime", "vm86"}, {}});
  profile.rules.push_back({kAllow, {"_llseek", "accept", "bind", "read", "write", "ipc", "socketcall", "semop", "send"}, {}});
  profile.rules.push_back({kAllow, {"personality"}, {equals(0, 0)}});
  profile.rules.push_back({kAllow, {"personality"}, {equals(0, 0x20008)}});
  profile.rules.push_back({SECCOMP_RET_ERRNO | EINVAL, {"socket"}, {equals(0, 16), equals(2, 9)}});
  profile.rules.push_back({kAllow, {"socket"}, {{2, SCMP_CMP_NE, 9, 0}}});
  profile.rules.push_back({kAllow, {"socket"}, {{0, SCMP_CMP_NE, 16, 0}}});
  EXPECT_EQ(difference(profile), "");
}

TEST(SeccompPlainCalls, DecideAsLibseccompWhateverTheDefault) {
  for (const std::uint32_t action : {kAllow, kTrap, kLog, kNotPermitted, kNoSuchCall, std::uint32_t{SECCOMP_RET_KILL_THREAD},
                                     std::uint32_t{SECCOMP_RET_KILL_PROCESS}, std::uint32_t{SECCOMP_RET_TRACE}})
    for (const std::vector<std::string>& architectures :
         {std::vector<std::string>(), kX86Family, {"x86"}, {"x32", "aarch64"}}) {
      const Profile profile{.default_action = action,
                            .architectures = architectures,
                            .rules = {{kAllow, {"read", "write", "waitpid", "futex_time64"}, {}},
                                      {kLog, {"getpid", "socket"}, {}},
                                      {SECCOMP_RET_USER_NOTIF, {"mkdir"}, {}},
                                      {SECCOMP_RET_ERRNO | ENOENT, {"stat"}, {}},
                                      {kNoSuchCall, {"clone3"}, {}},
                                      {kNotPermitted, {"clone"}, {equals(0, 1)}}}};
      EXPECT_EQ(difference(profile), "") << std::hex << action << " on " << architectures.size() << " architectures";
    }
}

// The first action of a call without comparisons stays, whatever else is said of it.
TEST(SeccompPlainCalls, AreNotThoseWithASecondAnswer) {
  const Rule plain{kAllow, {"read", "chmod"}, {}}, same{kAllow, {"chmod", "chown"}, {}}, other{kTrap, {"write", "chmod"}, {}},
      compared{kTrap, {"chmod"}, {equals(1, 7)}}, known{kNotPermitted, {"chmod"}, {}};
  for (const std::vector<Rule>& rules : {std::vector<Rule>{plain, same},
                                         {plain, other},
                                         {other, plain},
                                         {plain, compared},
                                         {compared, plain},
                                         {plain, known, other}}) {
    const Profile profile{.default_action = kNotPermitted, .architectures = kX86Family, .rules = rules};
    EXPECT_EQ(difference(profile), "") << "rules " << rules.back().names[0] << " after " << rules.front().names[0];
  }
}

// x86 has them inside socketcall and ipc, too.
TEST(SeccompPlainCalls, AreNotThoseThatAreInsideAnother) {
  for (const char* name : {"socket", "accept4", "recvmmsg", "shmat", "semtimedop"})
    for (const std::uint32_t around : {kNotPermitted, kAllow, kTrap, kLog}) {
      const Profile profile{
          .default_action = kNotPermitted,
          .architectures = kX86Family,
          .rules = {{kAllow, {"read", name}, {}}, {around, {"socketcall", "ipc"}, {}}, {kTrap, {"bind", "msgget"}, {}}}};
      EXPECT_EQ(difference(profile), "") << name << " " << std::hex << around;
    }
}

TEST(SeccompPlainCalls, AreRefusedWhereLibseccompRefusesTheirAction) {
  for (const std::uint32_t action : {SECCOMP_RET_ERRNO | 4096U, SECCOMP_RET_ALLOW | 1U, 0x12340000U}) {
    const Profile profile{.default_action = kNotPermitted,
                          .architectures = kX86Family,
                          .rules = {{kAllow, {"read", "write"}, {}}, {action, {"chmod", "chown"}, {}}}};
    EXPECT_TRUE(difference(profile).starts_with(kRefused + "syscalls[1].names[0]: ")) << std::hex << action;
  }
}

TEST(SeccompPlainCalls, AreLeftOutWhereLibseccompDoesNotKnowThem) {
  Profile profile{
      .default_action = kNotPermitted,
      .architectures = {"x86", "s390x", "vax"},
      .rules = {{kAllow, {"read", "fly", "write"}, {}}, {kNotPermitted, {"walk"}, {}}, {kTrap, {"swim"}, {equals(0, 1)}}}};
  EXPECT_EQ(build_filter(profile).left_out.size(), 5U);
  EXPECT_EQ(difference(profile), "");
  profile.architectures = {"x86"};
  profile.strict = true;
  EXPECT_EQ(oci::message_of([&] { build_filter(profile); }), R"(syscalls[0].names[1]: unknown to libseccomp: "fly")");
}

TEST(SeccompPlainCalls, DecideAsLibseccompWhateverTheProfile) {
  unsigned refused = 0;
  constexpr unsigned kProfiles = 24;
  for (unsigned seed = 0; seed < kProfiles; ++seed) {
    const Profile profile = Dice(seed, Dice::kRepeated).profile();
    const std::string found = difference(profile);
    if (found.starts_with(kRefused))
      ++refused;
    else
      ASSERT_EQ(found, "") << "profile " << seed;
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, kProfiles / 2);
}

}  // namespace
}  // namespace crumb::seccomp
