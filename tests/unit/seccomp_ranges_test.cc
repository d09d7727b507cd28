// Filters shaped by ranges against those that they were made from.
#include "helpers/seccomp/ranges.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "filter_comparison.h"
#include "helpers/seccomp/filter.h"
#include "profile_dice.h"

namespace crumb::seccomp {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

Program shaped(const Program& program) { return search_ranges(program).value_or(Program()); }

std::string difference(const Program& program) { return Comparison(program, shaped(program)).difference(); }

TEST(SeccompRanges, DecideAsLibseccompsFilterDoesWhateverTheProfile) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    const Program program = list_filter(Dice(seed).profile()).program;
    ASSERT_FALSE(shaped(program).empty()) << "profile " << seed;
    ASSERT_EQ(difference(program), "") << "profile " << seed;
  }
}

// Every call another answer: no jump reaches across the program then.
TEST(SeccompRanges, ReachAnswersThatAreFarAway) {
  Profile profile{.default_action = kAllow, .architectures = {"x86_64"}, .rules = {}};
  const auto compared = scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, 0xff, 1};
  for (int number = 0; number < 330; ++number) {
    char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
    if (name != nullptr)
      profile.rules.push_back({SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(1 + number), {name}, {compared}});
    free(name);  // NOLINT(*no-malloc)
  }
  const Program program = list_filter(profile).program;
  EXPECT_GT(shaped(program).size(), 1000U);
  EXPECT_EQ(difference(program), "");
}

TEST(SeccompRanges, AreFewInstructions) {
  Profile profile{.default_action = SECCOMP_RET_ERRNO | 1, .architectures = {"x86_64"}, .rules = {{kAllow, {}, {}}}};
  for (int number = 0; number < 300; ++number) {
    char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
    if (name != nullptr && number % 50 != 0) profile.rules[0].names.emplace_back(name);
    free(name);  // NOLINT(*no-malloc)
  }
  EXPECT_GT(list_filter(profile).program.size(), 300U);
  EXPECT_LT(build_filter(profile).program.size(), 40U);
}

constexpr sock_filter kLoadNumber = {BPF_LD | BPF_W | BPF_ABS, 0, 0, kNumber};
constexpr sock_filter kLoadArchitecture = {BPF_LD | BPF_W | BPF_ABS, 0, 0, kArchitecture};
constexpr sock_filter kYes = {BPF_RET | BPF_K, 0, 0, kAllow}, kNo = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1};

sock_filter jump(unsigned comparison, std::uint32_t constant) {
  return BPF_JUMP(static_cast<unsigned short>(BPF_JMP | comparison | BPF_K), constant, 0, 1);
}

TEST(SeccompRanges, OfEachComparisonOfNumbers) {
  for (const unsigned comparison : {BPF_JEQ, BPF_JGT, BPF_JGE})
    for (const std::uint32_t constant : {0U, 1U, 59U, kX32Bit, ~0U - 1, ~0U}) {
      const Program program{kLoadNumber, jump(comparison, constant), kYes, kNo};
      EXPECT_EQ(difference(program), "") << comparison << " " << constant;
    }
  const Program bit{kLoadNumber, jump(BPF_JSET, kX32Bit), kYes, kNo};
  EXPECT_EQ(difference(bit), "");
}

// Programs that say it themselves are what the answers are compared with.
TEST(SeccompRanges, HaveTheAnswersThatAreFixed) {
  constexpr std::uint32_t kTrap = SECCOMP_RET_TRAP, kLog = SECCOMP_RET_LOG;
  const Program program{kLoadNumber, jump(BPF_JGE, 10), kYes, kNo};
  for (const std::uint32_t number : {0U, 8U, 9U, 10U, 11U, kX32Bit, ~0U}) {
    const auto made = search_ranges(program, {{AUDIT_ARCH_I386, number, kLog}, {AUDIT_ARCH_X86_64, number, kTrap}});
    ASSERT_TRUE(made);
    const Program wanted{kLoadNumber,
                         {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, number},
                         kLoadArchitecture,
                         {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AUDIT_ARCH_I386},
                         BPF_STMT(BPF_RET | BPF_K, kLog),
                         {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AUDIT_ARCH_X86_64},
                         BPF_STMT(BPF_RET | BPF_K, kTrap),
                         kLoadNumber,
                         jump(BPF_JGE, 10),
                         kYes,
                         kNo};
    EXPECT_EQ(Comparison(wanted, *made).difference(), "") << number;
  }
  const auto neighbours = search_ranges(program, {{AUDIT_ARCH_X86_64, 3, kAllow}, {AUDIT_ARCH_X86_64, 4, kAllow}});
  const Program wanted{kLoadArchitecture,
                       {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, AUDIT_ARCH_X86_64},
                       kLoadNumber,
                       jump(BPF_JEQ, 3),
                       kYes,
                       {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 4},
                       kYes,
                       kLoadNumber,
                       jump(BPF_JGE, 10),
                       kYes,
                       kNo};
  EXPECT_EQ(Comparison(wanted, neighbours.value_or(Program())).difference(), "");
}

TEST(SeccompRanges, AreNotMadeOfWhatIsNotUnderstood) {
  const sock_filter half = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kNumber), mask = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
                    store = BPF_STMT(BPF_ST, 0), accumulator = BPF_STMT(BPF_RET | BPF_A, 0),
                    far = BPF_STMT(BPF_JMP | BPF_JA, 9), index = {BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0};
  const Program programs[] = {
      {},
      {kLoadNumber},
      {half, jump(BPF_JEQ, 1), kYes, kNo},
      {kLoadNumber, mask, jump(BPF_JEQ, 1), kYes, kNo},
      {kLoadNumber, jump(BPF_JSET, 1), kYes, kNo},
      {kLoadNumber, jump(BPF_JSET, 0), kYes, kNo},
      {kLoadArchitecture, jump(BPF_JGE, AUDIT_ARCH_X86_64), kYes, kNo},
      {jump(BPF_JEQ, 0), kYes, kNo},
      {kLoadNumber, store, kYes},
      {kLoadNumber, accumulator},
      {kLoadNumber, far, kYes},
      {kLoadNumber, index, kYes, kNo},
  };
  for (const Program& program : programs) EXPECT_FALSE(search_ranges(program)) << &program - programs;
}

}  // namespace
}  // namespace crumb::seccomp
