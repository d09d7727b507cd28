// An interpreter of seccomp filters.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace crumb::seccomp {

inline std::uint32_t load(const seccomp_data& data, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

inline bool holds(const sock_filter& instruction, std::uint32_t a) {
  switch (BPF_OP(instruction.code)) {
    case BPF_JEQ:
      return a == instruction.k;
    case BPF_JGT:
      return a > instruction.k;
    case BPF_JGE:
      return a >= instruction.k;
    default:
      return (a & instruction.k) != 0;  // BPF_JSET
  }
}

// What the kernel would do (Documentation/userspace-api/seccomp_filter.rst); 0xdead for a program that leaves its bounds.
inline std::uint32_t evaluate(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    switch (BPF_CLASS(instruction.code)) {
      case BPF_LD:
        a = load(data, instruction.k);
        break;
      case BPF_ALU:
        a &= instruction.k;  // neither libseccomp nor crumb uses another
        break;
      case BPF_JMP:
        at += instruction.code == (BPF_JMP | BPF_JA) ? instruction.k : holds(instruction, a) ? instruction.jt : instruction.jf;
        break;
      default:
        return instruction.k;  // BPF_RET
    }
  }
  return 0xdead;
}

// Of the wire's 8 bytes an instruction.
inline std::uint32_t evaluate(const std::vector<std::uint64_t>& words, const seccomp_data& data) {
  std::vector<sock_filter> program(words.size());
  std::memcpy(program.data(), words.data(), words.size() * sizeof(sock_filter));
  return evaluate(program, data);
}

}  // namespace crumb::seccomp
