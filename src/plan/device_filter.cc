#include "plan/device_filter.h"

#include <cstddef>
#include <ranges>

namespace crumb::plan {
namespace {

// Registers. The kernel hands over the context, a bpf_cgroup_dev_ctx, in 1 and takes the answer from 0: 1 allows, 0 denies.
constexpr __u8 kAnswer = BPF_REG_0, kContext = BPF_REG_1, kType = BPF_REG_2, kWanted = BPF_REG_3, kMajor = BPF_REG_4,
               kMinor = BPF_REG_5;

constexpr std::uint32_t kAllRights = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

std::uint32_t rights(const oci::DeviceRule& rule) {
  std::uint32_t bits = 0;
  for (const char letter : rule.access) {
    if (letter == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (letter == 'w') bits |= BPF_DEVCG_ACC_WRITE;
    if (letter == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

bpf_insn instruction(int code, __u8 destination, std::uint32_t immediate, __s16 offset = 0) {
  bpf_insn result{};
  result.code = static_cast<__u8>(code);
  result.dst_reg = destination & 0xf;
  result.off = offset;
  result.imm = static_cast<__s32>(immediate);
  return result;
}

class Assembler {
 public:
  // access_type holds the device's type in its lower half, the rights that are wanted in its upper.
  void begin() {
    load(kType, offsetof(bpf_cgroup_dev_ctx, access_type));
    program_.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, kType, 0xffff));
    load(kWanted, offsetof(bpf_cgroup_dev_ctx, access_type));
    program_.push_back(instruction(BPF_ALU | BPF_RSH | BPF_K, kWanted, 16));
    load(kMajor, offsetof(bpf_cgroup_dev_ctx, major));
    load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor));
  }

  void rule(const oci::DeviceRule& rule) {
    unmatched_.clear();
    if (rule.type != 'a') unless_equal(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule.major) unless_equal(kMajor, static_cast<std::uint32_t>(*rule.major));
    if (rule.minor) unless_equal(kMinor, static_cast<std::uint32_t>(*rule.minor));
    if (rule.allow)
      allow(rights(rule));
    else
      deny(rights(rule));
    for (const std::size_t jump : unmatched_) program_[jump].off = static_cast<__s16>(program_.size() - jump - 1);
  }

  void answer(bool allowed) {
    program_.push_back(instruction(BPF_ALU | BPF_MOV | BPF_K, kAnswer, allowed ? 1 : 0));
    program_.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0));
  }

  std::vector<bpf_insn> take() { return std::move(program_); }

 private:
  void load(__u8 destination, std::size_t offset) {
    bpf_insn load = instruction(BPF_LDX | BPF_MEM | BPF_W, destination, 0, static_cast<__s16>(offset));
    load.src_reg = kContext & 0xf;
    program_.push_back(load);
  }

  // Jumps to the end of the rule, which is not known yet.
  void jump_to_end(int code, __u8 destination, std::uint32_t immediate) {
    unmatched_.push_back(program_.size());
    program_.push_back(instruction(code, destination, immediate));
  }

  // In 32 bits: of a number above 2^31 the 64-bit form would compare the sign.
  void unless_equal(__u8 destination, std::uint32_t immediate) {
    jump_to_end(BPF_JMP32 | BPF_JNE | BPF_K, destination, immediate);
  }

  // What the rule allows is settled; earlier rules decide on the rest.
  void allow(std::uint32_t bits) {
    if (bits != kAllRights) {
      program_.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, kWanted, kAllRights & ~bits));
      unless_equal(kWanted, 0);
    }
    answer(true);
  }

  // One right that is denied is enough.
  void deny(std::uint32_t bits) {
    if (bits != kAllRights) {
      program_.push_back(instruction(BPF_JMP32 | BPF_JSET | BPF_K, kWanted, bits, 1));
      jump_to_end(BPF_JMP | BPF_JA, 0, 0);
    }
    answer(false);
  }

  std::vector<bpf_insn> program_;
  std::vector<std::size_t> unmatched_;  // jumps of this rule to its end
};

}  // namespace

std::vector<bpf_insn> device_filter(std::span<const oci::DeviceRule> rules) {
  Assembler assembler;
  assembler.begin();
  for (const oci::DeviceRule& rule : std::views::reverse(rules)) {
    // The verifier refuses instructions that nothing leads to.
    if (rule.is_reset()) {
      assembler.answer(rule.allow);
      return assembler.take();
    }
    assembler.rule(rule);
  }
  assembler.answer(false);
  return assembler.take();
}

}  // namespace crumb::plan
