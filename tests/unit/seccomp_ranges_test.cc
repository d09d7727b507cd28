// Filters shaped by ranges against those that they were made from: for every number of a call, on every architecture, with
// arguments around all that is compared, both must answer the same.
#include "helpers/seccomp/ranges.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <map>
#include <random>
#include <set>

#include "bpf.h"
#include "helpers/seccomp/filter.h"
#include "support/error.h"

namespace crumb::seccomp {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW, kX32Bit = 0x40000000;
constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr), kArchitecture = offsetof(seccomp_data, arch);

bool is_comparison(const sock_filter& instruction) {
  return BPF_CLASS(instruction.code) == BPF_JMP && BPF_OP(instruction.code) != BPF_JA;
}

bool loads_argument(const sock_filter& instruction) {
  return BPF_CLASS(instruction.code) == BPF_LD && instruction.k != kNumber && instruction.k != kArchitecture;
}

// What a program compares arguments, or all else, with, and what lies around it.
std::set<std::uint32_t> boundaries(const Program& program, bool of_arguments) {
  std::set<std::uint32_t> found{0, 1, ~0U};
  bool argument = false;
  for (const sock_filter& instruction : program) {
    if (BPF_CLASS(instruction.code) == BPF_LD) argument = loads_argument(instruction);
    if (is_comparison(instruction) && argument == of_arguments)
      found.insert({instruction.k - 1, instruction.k, instruction.k + 1});
  }
  return found;
}

std::set<std::uint32_t> numbers(const Program& program) {
  std::set<std::uint32_t> found = boundaries(program, false);
  for (std::uint32_t number = 0; number < 500; ++number) found.insert({number, number | kX32Bit});
  return found;
}

// Where a program looks into arguments for this call: comparisons that come after the load of one.
bool looks_at_arguments(const Program& program, std::uint32_t architecture, std::uint32_t number) {
  std::size_t at = 0;
  for (std::uint32_t a = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    if (BPF_CLASS(instruction.code) == BPF_RET) return false;
    if (BPF_CLASS(instruction.code) == BPF_LD) {
      if (loads_argument(instruction)) return true;
      a = instruction.k == kNumber ? number : architecture;
    } else if (!is_comparison(instruction)) {
      at += instruction.k;
    } else {
      at += holds(instruction, a) ? instruction.jt : instruction.jf;
    }
  }
  return true;
}

class Comparison {
 public:
  explicit Comparison(const Program& program) : program_(program), words_(boundaries(program, true)) {
    if (std::optional<Program> made = search_ranges(program)) made_ = std::move(*made);
  }

  const Program& made() const { return made_; }

  // The first call that both decide otherwise; "" when there is none.
  std::string difference() {
    for (const std::uint32_t architecture :
         std::initializer_list<std::uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0, ~0U})
      for (const std::uint32_t number : numbers(program_))
        if (std::string found = difference_in(architecture, number); !found.empty()) return found;
    return "";
  }

 private:
  static constexpr std::size_t kArguments = 6;
  static constexpr int kGuesses = 60;

  std::string difference_in(std::uint32_t architecture, std::uint32_t number) {
    seccomp_data data{static_cast<int>(number), architecture, 0, {}};
    if (std::string found = difference_of(data); !found.empty()) return found;
    const bool arguments = looks_at_arguments(program_, architecture, number);
    if (arguments != looks_at_arguments(made_, architecture, number))
      return fmt::format("architecture {:#x} call {:#x}: arguments are looked at", architecture, number);
    if (!arguments) return "";
    for (std::size_t i = 0; i < kArguments; ++i)
      for (const std::uint32_t low : words_)
        for (const std::uint32_t high : {0U, 1U, ~0U}) {
          data.args[i] = std::uint64_t{high} << 32 | low;
          if (std::string found = difference_of(data); !found.empty()) return found;
        }
    return difference_of_guesses(data);
  }

  std::string difference_of_guesses(seccomp_data data) {
    const std::vector<std::uint32_t> words(words_.begin(), words_.end());
    const auto word = [&] { return random_() % 4 == 0 ? 0 : words[random_() % words.size()]; };
    for (int guess = 0; guess < kGuesses; ++guess) {
      for (auto& argument : data.args) argument = std::uint64_t{word()} << 32 | word();
      if (std::string found = difference_of(data); !found.empty()) return found;
    }
    return "";
  }

  std::string difference_of(const seccomp_data& data) const {
    const std::uint32_t wanted = evaluate(program_, data), got = evaluate(made_, data);
    if (wanted == got) return "";
    return fmt::format("architecture {:#x} call {:#x} arguments {:#x} {:#x} {:#x}: {:#x} instead of {:#x}", data.arch,
                       static_cast<std::uint32_t>(data.nr), data.args[0], data.args[1], data.args[2], got, wanted);
  }

  const Program& program_;
  Program made_;
  std::set<std::uint32_t> words_;
  std::mt19937 random_{1};
};

// Some calls of every kind, with arguments compared in every way.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  Profile profile() {
    Profile profile;
    profile.default_action = action();
    profile.architectures = {"x86_64"};
    if (one_of(2)) profile.architectures.insert(profile.architectures.end(), {"x86", "x32"});
    for (unsigned rules = 1 + one_of(90); rules > 0; --rules) profile.rules.push_back(rule());
    return profile;
  }

 private:
  unsigned one_of(unsigned count) { return static_cast<unsigned>(random_() % count); }

  std::uint32_t action() {
    constexpr std::uint32_t kActions[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_TRAP, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_LOG};
    const unsigned drawn = one_of(8);
    return drawn < 4 ? kActions[drawn] : SECCOMP_RET_ERRNO | (1 + one_of(40));
  }

  std::string call() {
    for (;;) {
      char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(one_of(450)));
      const std::string found = name == nullptr ? "" : name;
      free(name);  // NOLINT(*no-malloc): libseccomp's manual says so
      if (!found.empty()) return found;
    }
  }

  Rule rule() {
    Rule rule;
    rule.action = action();
    // Rules of one call with other actions are refused.
    for (unsigned calls = 1 + one_of(6); calls > 0; --calls)
      if (std::string name = call(); used_.insert(name).second) rule.names.push_back(name);
    for (unsigned index = 0; index < 3; ++index)
      if (one_of(4) == 0) rule.comparisons.push_back(comparison(index));
    return rule;
  }

  scmp_arg_cmp comparison(unsigned index) {
    constexpr std::uint64_t kValues[] = {0, 1, 2, 8, 0x20000, 0x7e020000, 0xffffffff, 0x100000000, 0x500000008, ~0ULL};
    const auto value = [&] { return kValues[one_of(std::size(kValues))]; };
    return {index, static_cast<scmp_compare>(SCMP_CMP_NE + static_cast<int>(one_of(7))), value(), value()};
  }

  std::mt19937 random_;
  std::set<std::string> used_;
};

TEST(SeccompRanges, DecideAsLibseccompsFilterDoesWhateverTheProfile) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    const Filter filter = list_filter(Dice(seed).profile());
    Comparison comparison(filter.program);
    ASSERT_FALSE(comparison.made().empty()) << "profile " << seed;
    ASSERT_EQ(comparison.difference(), "") << "profile " << seed;
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
  const Filter filter = list_filter(profile);
  Comparison comparison(filter.program);
  EXPECT_GT(comparison.made().size(), 1000U);
  EXPECT_EQ(comparison.difference(), "");
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
      EXPECT_EQ(Comparison(program).difference(), "") << comparison << " " << constant;
    }
  const Program bit{kLoadNumber, jump(BPF_JSET, kX32Bit), kYes, kNo};
  EXPECT_EQ(Comparison(bit).difference(), "");
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
