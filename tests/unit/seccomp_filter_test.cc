// crumb-seccomp's filters, run by an interpreter of BPF: for every number of a call they must decide as the profile says.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <filesystem>

#include "bpf.h"
#include "config_case.h"
#include "linux/seccomp_filter.h"
#include "linux_support.h"
#include "support/file.h"

namespace crumb::linux {
namespace {

using seccomp::evaluate;

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;

std::string helper() { return CRUMB_TEST_BINARY_DIR "/libexec/crumb/crumb-seccomp"; }

oci::Seccomp profile_of(const std::string& json) { return *oci::parse_with("/linux/seccomp", json).linux_.seccomp; }

oci::Seccomp dockers_profile() { return profile_of(read_file(CRUMB_TEST_SOURCE_DIR "/data/docker-seccomp.json")); }

std::vector<std::uint64_t> compile(const oci::Seccomp& profile, bool strict = false) {
  return SeccompFilter(helper(), "").make(profile, strict, "config.json");
}

bool matches(const oci::SeccompArgument& argument, const seccomp_data& data) {
  const std::uint64_t value = data.args[argument.index];
  using kernel::SeccompOperator;
  switch (argument.op) {
    case SeccompOperator::ne:
      return value != argument.value;
    case SeccompOperator::lt:
      return value < argument.value;
    case SeccompOperator::le:
      return value <= argument.value;
    case SeccompOperator::eq:
      return value == argument.value;
    case SeccompOperator::ge:
      return value >= argument.value;
    case SeccompOperator::gt:
      return value > argument.value;
    case SeccompOperator::masked_eq:
      return (value & argument.value) == argument.value_two;
  }
  return false;
}

// What the profile says of a call on one of its architectures, without libseccomp's filters.
class Oracle {
 public:
  Oracle(const oci::Seccomp& profile, std::uint32_t architecture) : profile_(profile) {
    for (const oci::SeccompRule& rule : profile.rules)
      for (const std::string& name : rule.names) {
        const int number = seccomp_syscall_resolve_name_arch(architecture, name.c_str());
        if (number < 0) continue;
        highest_ = std::max(highest_, number);
        rules_.emplace(number, &rule);
      }
  }
  int highest() const { return highest_; }
  std::uint32_t decide(const seccomp_data& data) const {
    if (data.nr > highest_) return kNoSuchCall;
    const auto [first, last] = rules_.equal_range(data.nr);
    for (auto rule = first; rule != last; ++rule) {
      const auto& arguments = rule->second->arguments;
      if (std::all_of(arguments.begin(), arguments.end(), [&](const auto& argument) { return matches(argument, data); }))
        return rule->second->action;
    }
    return profile_.default_action;
  }

 private:
  const oci::Seccomp& profile_;
  std::multimap<int, const oci::SeccompRule*> rules_;
  int highest_ = 0;
};

// Every number up to some that nobody has, with arguments around those that the profile compares.
void expect_agreement(std::uint32_t architecture, std::uint32_t bit, std::initializer_list<std::uint64_t> arguments) {
  const oci::Seccomp profile = dockers_profile();
  const std::vector<std::uint64_t> program = compile(profile);
  const Oracle oracle(profile, architecture);
  for (std::uint32_t number = 0; number < 700; ++number)
    for (const std::uint64_t argument : arguments) {
      const seccomp_data data{static_cast<int>(number | bit), AUDIT_ARCH_X86_64, 0, {argument, argument, argument, 0, 0, 0}};
      EXPECT_EQ(evaluate(program, data), oracle.decide(data)) << "call " << number << " with " << argument;
    }
}

TEST(SeccompFilter, OfDockersProfileDecidesAsItSaysOnX86_64) {
  expect_agreement(SCMP_ARCH_X86_64, 0,
                   {0, 1, 8, 39, 40, 41, 0x20000, 0x20008, 0x10000000, 0x7e020000, 0xffffffff, 0x100000008, ~0ULL});
}

// libseccomp looks at 32 bits of an argument here.
TEST(SeccompFilter, OfDockersProfileDecidesAsItSaysOnX32) {
  expect_agreement(SCMP_ARCH_X32, kX32Bit, {0, 1, 8, 39, 40, 41, 0x20000, 0x20008, 0x10000000, 0x7e020000, 0xffffffff});
}

// On x86 libseccomp puts rules on the calls that carry others (socketcall, ipc): the numbers above the last are ours.
TEST(SeccompFilter, OfDockersProfileKnowsTheLastCallOfX86) {
  const oci::Seccomp profile = dockers_profile();
  const std::vector<std::uint64_t> program = compile(profile);
  const int highest = Oracle(profile, SCMP_ARCH_X86).highest();
  EXPECT_EQ(evaluate(program, {highest + 1, AUDIT_ARCH_I386, 0, {}}), kNoSuchCall);
  EXPECT_EQ(evaluate(program, {highest, AUDIT_ARCH_I386, 0, {}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(evaluate(program, {121, AUDIT_ARCH_I386, 0, {}}), SECCOMP_RET_ERRNO | EPERM) << "setdomainname";
}

TEST(SeccompFilter, KillsOnAnyOtherArchitecture) {
  EXPECT_EQ(evaluate(compile(dockers_profile()), {1, AUDIT_ARCH_AARCH64, 0, {}}), SECCOMP_RET_KILL_THREAD);
  const auto program = compile(profile_of(R"({"defaultAction": "SCMP_ACT_ALLOW"})"));
  EXPECT_EQ(evaluate(program, {1, AUDIT_ARCH_I386, 0, {}}), SECCOMP_RET_KILL_THREAD);
  EXPECT_EQ(evaluate(program, {1, AUDIT_ARCH_X86_64, 0, {}}), SECCOMP_RET_ALLOW);
}

TEST(SeccompFilter, LetsUnknownCallsBeWhereTheDefaultLetsCallsPass) {
  for (const char* action : {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"}) {
    const oci::Seccomp profile = profile_of(
        fmt::format(R"({{"defaultAction": "{}", "syscalls": [{{"names": ["read"], "action": "SCMP_ACT_TRAP"}}]}})", action));
    const auto program = compile(profile);
    EXPECT_EQ(evaluate(program, {2000, AUDIT_ARCH_X86_64, 0, {}}), profile.default_action) << action;
    EXPECT_EQ(evaluate(program, {0, AUDIT_ARCH_X86_64, 0, {}}), SECCOMP_RET_TRAP) << action;
  }
}

// libseccomp by itself compares the architecture with numbers of calls here: socketcall comes first, and x86_64 has none.
TEST(SeccompFilter, FindsCallsWithComparisonsBehindThoseOfAnotherArchitecture) {
  const auto program = compile(profile_of(R"({"defaultAction": "SCMP_ACT_ALLOW",
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": [
      {"names": ["socketcall"], "action": "SCMP_ACT_ERRNO"},
      {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]}]})"));
  EXPECT_EQ(evaluate(program, {41, AUDIT_ARCH_X86_64, 0, {40}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(evaluate(program, {41, AUDIT_ARCH_X86_64, 0, {39}}), SECCOMP_RET_ALLOW);
}

// Each is a range more.
TEST(SeccompFilter, OfAnyNumberOfRulesDecidesAsItSays) {
  std::string names = R"("read")";
  for (const char* name : {"write",  "open",  "close",  "stat",    "fstat",  "lstat",  "poll",    "lseek",  "mmap",  "mprotect",
                           "munmap", "brk",   "ioctl",  "pread64", "readv",  "access", "pipe",    "select", "msync", "mincore",
                           "dup",    "dup2",  "pause",  "alarm",   "getpid", "socket", "connect", "accept", "bind",  "listen",
                           "fork",   "vfork", "execve", "exit",    "wait4",  "kill",   "uname",   "fcntl",  "flock", "fsync"}) {
    const oci::Seccomp profile = profile_of(fmt::format(
        R"({{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{{"names": [{}], "action": "SCMP_ACT_ALLOW"}}]}})", names));
    const auto program = compile(profile);
    const Oracle oracle(profile, SCMP_ARCH_X86_64);
    for (int number = 0; number < 110; ++number) {
      const seccomp_data data{number, AUDIT_ARCH_X86_64, 0, {}};
      ASSERT_EQ(evaluate(program, data), oracle.decide(data)) << number << " among " << profile.rules[0].names.size();
    }
    names.append(", \"").append(name).append("\"");
  }
}

std::string message(const std::string& profile, bool strict = false) {
  return oci::message_of([&] { compile(profile_of(profile), strict); });
}

TEST(SeccompFilter, OfUnknownNamesIsAnErrorOnlyWhenStrict) {
  const std::string call =
      R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read", "fly"], "action": "SCMP_ACT_LOG"}]})";
  EXPECT_EQ(message(call), "no error");
  EXPECT_EQ(message(call, true), R"(config.json: linux.seccomp.syscalls[0].names[1]: unknown to libseccomp: "fly")");
  const std::string architecture =
      R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_S390X"]})";
  EXPECT_EQ(message(architecture), "no error");
  EXPECT_EQ(message(architecture, true), R"(config.json: linux.seccomp.architectures[1]: unknown to libseccomp here: "s390x")");
}

TEST(SeccompFilter, NamesThePlaceThatLibseccompRefuses) {
  const std::string text = message(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_LOG"}, {"names": ["write", "read"], "action": "SCMP_ACT_TRAP"}]})");
  EXPECT_TRUE(text.starts_with("config.json: linux.seccomp.syscalls[1].names[1]: ") || text == "no error") << text;
}

class KeptFilter : public ::testing::Test {
 protected:
  SeccompFilter compiling() const { return {helper(), directory_.path()}; }
  SeccompFilter looking() const { return {"/no/such/helper", directory_.path()}; }

  static constexpr char kName[] = "config.json", kText[] = "{the text of the profile}";
  const crumb::testing::TemporaryDirectory directory_;
};

TEST_F(KeptFilter, ComesFromTheCacheWhenItIsThere) {
  const oci::Seccomp profile = dockers_profile();
  const auto made = compiling().make(profile, false, kName);
  EXPECT_EQ(looking().make(profile, false, kName), made);
  EXPECT_THROW(looking().make(profile, true, kName), Error) << "strict is another filter";
  EXPECT_THROW(SeccompFilter("/no/such/helper", "").make(profile, false, kName), Error);
}

TEST_F(KeptFilter, IsFoundByTheTextOfItsProfile) {
  oci::Seccomp profile = dockers_profile();
  profile.flags = SECCOMP_FILTER_FLAG_LOG;
  SeccompFilter first = compiling();
  EXPECT_FALSE(first.find(kText, false, kName));
  const auto made = first.make(profile, false, kName);
  const auto found = looking().find(kText, false, kName);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->program, made);
  EXPECT_EQ(found->flags, profile.flags);
  EXPECT_FALSE(looking().find(kText, true, kName)) << "strict is another filter";
  EXPECT_FALSE(looking().find("{another text}", false, kName));
}

TEST_F(KeptFilter, ThatNotifiesAnAgentIsNotFoundByText) {
  const oci::Seccomp profile = profile_of(R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent", "syscalls": [
      {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]})");
  for (int time = 0; time < 2; ++time) {
    SeccompFilter filter = compiling();
    EXPECT_FALSE(filter.find(kText, false, kName));
    filter.make(profile, false, kName);
  }
  EXPECT_EQ(looking().make(profile, false, kName).empty(), false);
}

TEST(SeccompFilter, IsSaidToBeTheHelpersFailureWhenItIs) {
  EXPECT_EQ(oci::message_of([] { SeccompFilter("/bin/false", "").make(dockers_profile(), false, "config.json"); }),
            "crumb-seccomp ended with exit code 1");
  EXPECT_EQ(oci::message_of([] { SeccompFilter("/bin/true", "").make(dockers_profile(), false, "config.json"); }),
            "crumb-seccomp made a filter of 0 bytes");
}

TEST(SeccompFilter, FlagsThatThisKernelKnows) {
  const std::uint64_t flags = supported_seccomp_flags();
  EXPECT_TRUE(flags & SECCOMP_FILTER_FLAG_LOG);
  EXPECT_TRUE(flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

}  // namespace
}  // namespace crumb::linux
