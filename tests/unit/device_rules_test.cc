// Device rules: what is written to cgroup v1's list, and the program for v2, run by a small interpreter of eBPF.
#include <gmock/gmock.h>

#include <array>

#include "config_case.h"
#include "plan/compile.h"
#include "plan/device_filter.h"

namespace crumb::plan {
namespace {

using oci::DeviceRule;
using testing::ElementsAre;
using testing::HasSubstr;

// The instructions that the filter is made of, as the kernel's documentation describes them. The answer, or -1 for a program
// that leaves its end or uses another instruction.
class Interpreter {
 public:
  Interpreter(const std::vector<bpf_insn>& program, const bpf_cgroup_dev_ctx& context) : program_(program), context_(context) {}

  int run() {
    for (std::size_t at = 0; at < program_.size(); ++at) {
      const bpf_insn& insn = program_[at];
      if (insn.code == (BPF_JMP | BPF_EXIT)) return static_cast<int>(registers_[BPF_REG_0]);
      if (!step(insn, at)) return -1;
    }
    return -1;
  }

 private:
  bool step(const bpf_insn& insn, std::size_t& at) {
    std::uint64_t& target = registers_.at(insn.dst_reg);
    const auto low = static_cast<std::uint32_t>(target), immediate = static_cast<std::uint32_t>(insn.imm);
    const auto offset = static_cast<std::size_t>(insn.off);
    switch (insn.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        if (insn.src_reg != BPF_REG_1 || offset % 4 != 0 || offset >= sizeof context_) return false;
        target = reinterpret_cast<const __u32*>(&context_)[offset / 4];
        return true;
      case BPF_ALU | BPF_MOV | BPF_K:
        return target = immediate, true;
      case BPF_ALU | BPF_AND | BPF_K:
        return target = low & immediate, true;
      case BPF_ALU | BPF_RSH | BPF_K:
        return target = low >> immediate, true;
      case BPF_JMP | BPF_JA:
        return at += offset, true;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        if (low != immediate) at += offset;
        return true;
      case BPF_JMP32 | BPF_JSET | BPF_K:
        if (low & immediate) at += offset;
        return true;
      default:
        return false;
    }
  }

  const std::vector<bpf_insn>& program_;
  bpf_cgroup_dev_ctx context_;
  std::array<std::uint64_t, 11> registers_{};
};

__u32 access_bits(std::string_view letters) {
  __u32 bits = 0;
  if (letters.find('r') != letters.npos) bits |= BPF_DEVCG_ACC_READ;
  if (letters.find('w') != letters.npos) bits |= BPF_DEVCG_ACC_WRITE;
  if (letters.find('m') != letters.npos) bits |= BPF_DEVCG_ACC_MKNOD;
  return bits;
}

// 1 allowed, 0 denied.
int verdict(const std::vector<DeviceRule>& rules, char type, __u32 major, __u32 minor, std::string_view access) {
  const __u32 kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
  return Interpreter(device_filter(rules), {access_bits(access) << 16 | kind, major, minor}).run();
}

const DeviceRule kDenyAll{};
const DeviceRule kAllowAll{.allow = true};

DeviceRule allow(char type, std::optional<std::uint64_t> major, std::optional<std::uint64_t> minor,
                 std::string access = "rwm") {
  return {true, type, major, minor, std::move(access)};
}

DeviceRule deny(char type, std::optional<std::uint64_t> major, std::optional<std::uint64_t> minor, std::string access = "rwm") {
  return {false, type, major, minor, std::move(access)};
}

TEST(DeviceFilter, WithoutRulesDeniesAll) {
  EXPECT_EQ(verdict({}, 'c', 1, 3, "r"), 0);
  EXPECT_EQ(verdict({kDenyAll}, 'b', 8, 0, "m"), 0);
  EXPECT_EQ(verdict({kAllowAll}, 'b', 8, 0, "rwm"), 1);
}

TEST(DeviceFilter, MatchesTypeAndNumbers) {
  const std::vector<DeviceRule> rules{kDenyAll, allow('c', 1, 3)};
  EXPECT_EQ(verdict(rules, 'c', 1, 3, "rw"), 1);
  EXPECT_EQ(verdict(rules, 'b', 1, 3, "rw"), 0);
  EXPECT_EQ(verdict(rules, 'c', 2, 3, "rw"), 0);
  EXPECT_EQ(verdict(rules, 'c', 1, 4, "rw"), 0);
}

TEST(DeviceFilter, TakesAnyNumberForAStar) {
  EXPECT_EQ(verdict({allow('c', 136, std::nullopt)}, 'c', 136, 77, "w"), 1);
  EXPECT_EQ(verdict({allow('c', std::nullopt, 3)}, 'c', 99, 3, "w"), 1);
  EXPECT_EQ(verdict({allow('a', 7, std::nullopt)}, 'b', 7, 1, "w"), 1);
  EXPECT_EQ(verdict({allow('a', 7, std::nullopt)}, 'c', 8, 1, "w"), 0);
}

TEST(DeviceFilter, WantsEveryRightToBeAllowed) {
  const std::vector<DeviceRule> rules{allow('c', 1, 3, "r")};
  EXPECT_EQ(verdict(rules, 'c', 1, 3, "r"), 1);
  EXPECT_EQ(verdict(rules, 'c', 1, 3, "rw"), 0);
  EXPECT_EQ(verdict(rules, 'c', 1, 3, "m"), 0);
}

TEST(DeviceFilter, AddsUpTheRightsOfSeveralRules) {
  const std::vector<DeviceRule> rules{allow('c', 1, 3, "r"), allow('c', std::nullopt, std::nullopt, "m"),
                                      allow('c', 1, 3, "w")};
  EXPECT_EQ(verdict(rules, 'c', 1, 3, "rwm"), 1);
  EXPECT_EQ(verdict(rules, 'c', 1, 4, "rwm"), 0);
  EXPECT_EQ(verdict(rules, 'c', 1, 4, "m"), 1);
}

TEST(DeviceFilter, TheLastRuleThatSpeaksOfARightCounts) {
  EXPECT_EQ(verdict({kAllowAll, deny('b', 8, std::nullopt, "w")}, 'b', 8, 0, "w"), 0);
  EXPECT_EQ(verdict({kAllowAll, deny('b', 8, std::nullopt, "w")}, 'b', 8, 0, "r"), 1);
  EXPECT_EQ(verdict({kAllowAll, deny('b', 8, std::nullopt, "w")}, 'b', 8, 0, "rw"), 0);
  EXPECT_EQ(verdict({deny('b', 8, std::nullopt), allow('b', 8, 1)}, 'b', 8, 1, "rw"), 1);
  EXPECT_EQ(verdict({allow('b', 8, std::nullopt), deny('b', 8, 1)}, 'b', 8, 1, "r"), 0) << "v1 could not";
  EXPECT_EQ(verdict({allow('b', 8, std::nullopt), deny('b', 8, 1)}, 'b', 8, 2, "r"), 1);
}

TEST(DeviceFilter, ForgetsWhatStandsBeforeARuleAboutEverything) {
  EXPECT_EQ(verdict({allow('c', 1, 3), kDenyAll}, 'c', 1, 3, "r"), 0);
  EXPECT_EQ(verdict({deny('c', 1, 3), kAllowAll}, 'c', 1, 3, "r"), 1);
  EXPECT_EQ(device_filter(std::vector{allow('c', 1, 3), kDenyAll}).size(), device_filter(std::vector{kDenyAll}).size())
      << "the verifier refuses what cannot be reached";
}

TEST(DeviceFilter, ComparesNumbersAbove31Bits) {
  EXPECT_EQ(verdict({allow('c', 0xfffffff0, 1)}, 'c', 0xfffffff0, 1, "r"), 1);
  EXPECT_EQ(verdict({allow('c', 0xfffffff0, 1)}, 'c', 0x7ffffff0, 1, "r"), 0);
}

// The list of v1 and the filter of v2 for these rules in config.json.
Host compiled(std::string_view rules, bool v2) {
  Surroundings surroundings;
  surroundings.id = "web";
  surroundings.rootfs = surroundings.bundle = "/bundle";
  surroundings.cgroups = v2 ? CgroupLayout{CgroupMode::v2, {{"/cg", {}, true}}}
                            : CgroupLayout{CgroupMode::v1, {{"/cg/devices", {"devices"}, false}}};
  return compile_create(oci::parse_with("/linux/resources/devices", rules), surroundings).host;
}

std::vector<std::string> list(std::string_view rules) {
  std::vector<std::string> lines;
  for (const CgroupWrite& write : compiled(rules, false).cgroup_writes)
    lines.push_back(fmt::format("{} {}", write.file == "devices.allow" ? "allow" : "deny", write.value));
  return lines;
}

std::vector<std::string> first(std::vector<std::string> lines, std::size_t count) {
  lines.resize(std::min(lines.size(), count));
  return lines;
}

TEST(DeviceList, DeniesAllFirstAndEndsWithWhatEveryContainerHas) {
  EXPECT_THAT(list("[]"), ElementsAre("deny a", "allow c *:* m", "allow b *:* m", "allow c 1:3 rwm", "allow c 1:8 rwm",
                                      "allow c 1:7 rwm", "allow c 5:0 rwm", "allow c 1:5 rwm", "allow c 1:9 rwm",
                                      "allow c 5:2 rwm", "allow c 136:* rwm", "allow c 10:200 rwm"));
  EXPECT_THAT(first(list(R"([{"allow": true, "type": "b", "major": 8, "minor": 0, "access": "r"}])"), 3),
              ElementsAre("deny a", "allow b 8:0 r", "allow c *:* m"));
}

TEST(DeviceList, BeginsWithTheLastRuleAboutEverything) {
  EXPECT_THAT(first(list(R"([{"allow": false}, {"allow": true, "type": "c"}, {"allow": true}])"), 2),
              ElementsAre("allow a", "allow c *:* m"));
}

TEST(DeviceList, SaysWhatIsAboutBothTypesTwice) {
  EXPECT_THAT(first(list(R"([{"allow": true, "type": "a", "major": 8, "access": "rw"}])"), 3),
              ElementsAre("deny a", "allow b 8:* rw", "allow c 8:* rw"));
}

TEST(DeviceList, RefusesTheExceptionFromAnExceptionThatTheKernelWouldIgnore) {
  constexpr char kHole[] =
      R"([{"allow": true, "type": "b", "major": 8}, {"allow": false, "type": "b", "major": 8, "minor": 1}])";
  EXPECT_EQ(
      oci::message_of([&] { list(kHole); }),
      "config.json: linux.resources.devices[1]: cgroup v1 cannot make an exception from linux.resources.devices[0], b 8:* rwm");
  EXPECT_EQ(oci::message_of([&] { compiled(kHole, true); }), "no error");
  EXPECT_EQ(oci::message_of(
                [&] { list(R"([{"allow": true, "type": "b", "major": 8}, {"allow": false, "type": "b", "major": 8}])"); }),
            "no error");
}

TEST(DeviceRules, AreWrittenToAListOrAFilterButNotBoth) {
  EXPECT_FALSE(compiled("[]", false).device_filter);
  const Host v2 = compiled("[]", true);
  EXPECT_TRUE(v2.cgroup_writes.empty());
  ASSERT_TRUE(v2.device_filter);
  EXPECT_FALSE(v2.device_filter->asked_for);
  EXPECT_EQ(verdict(v2.device_filter->rules, 'c', 1, 3, "rwm"), 1);
  EXPECT_EQ(verdict(v2.device_filter->rules, 'b', 8, 0, "m"), 1);
  EXPECT_EQ(verdict(v2.device_filter->rules, 'b', 8, 0, "r"), 0);
}

}  // namespace
}  // namespace crumb::plan
