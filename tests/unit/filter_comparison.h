// Two seccomp filters side by side: for every number of a call, on every architecture, with arguments around all that is
// compared, both must answer the same.
#pragma once

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bpf.h"

namespace crumb::seccomp {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr), kArchitecture = offsetof(seccomp_data, arch);

inline bool is_comparison(const sock_filter& instruction) {
  return BPF_CLASS(instruction.code) == BPF_JMP && BPF_OP(instruction.code) != BPF_JA;
}

inline bool loads_argument(const sock_filter& instruction) {
  return BPF_CLASS(instruction.code) == BPF_LD && instruction.k != kNumber && instruction.k != kArchitecture;
}

// What a program compares arguments, or all else, with, and what lies around it.
inline std::set<std::uint32_t> boundaries(const Program& program, bool of_arguments) {
  std::set<std::uint32_t> found{0, 1, ~0U};
  bool argument = false;
  for (const sock_filter& instruction : program) {
    if (BPF_CLASS(instruction.code) == BPF_LD) argument = loads_argument(instruction);
    if (is_comparison(instruction) && argument == of_arguments)
      found.insert({instruction.k - 1, instruction.k, instruction.k + 1});
  }
  return found;
}

// Where a program looks into arguments for this call: comparisons that come after the load of one.
inline bool looks_at_arguments(const Program& program, std::uint32_t architecture, std::uint32_t number) {
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
  Comparison(Program wanted, Program made) : wanted_(std::move(wanted)), made_(std::move(made)) {
    for (const Program* program : {&wanted_, &made_}) {
      numbers_.merge(boundaries(*program, false));
      words_.merge(boundaries(*program, true));
    }
    for (std::uint32_t number = 0; number < kNumbers; ++number) numbers_.insert({number, number | kX32Bit, -number});
  }

  // The first call that both decide otherwise; "" when there is none.
  std::string difference() {
    for (const std::uint32_t architecture :
         std::initializer_list<std::uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0, ~0U})
      for (const std::uint32_t number : numbers_)
        if (std::string found = difference_in(architecture, number); !found.empty()) return found;
    return "";
  }

 private:
  static constexpr std::uint32_t kNumbers = 600;
  static constexpr std::size_t kArguments = 6;
  static constexpr int kGuesses = 60;

  std::string difference_in(std::uint32_t architecture, std::uint32_t number) {
    seccomp_data data{static_cast<int>(number), architecture, 0, {}};
    if (std::string found = difference_of(data); !found.empty()) return found;
    const bool arguments = looks_at_arguments(wanted_, architecture, number);
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
    const std::uint32_t wanted = evaluate(wanted_, data), got = evaluate(made_, data);
    if (wanted == got) return "";
    return fmt::format("architecture {:#x} call {:#x} arguments {:#x} {:#x} {:#x}: {:#x} instead of {:#x}", data.arch,
                       static_cast<std::uint32_t>(data.nr), data.args[0], data.args[1], data.args[2], got, wanted);
  }

  Program wanted_, made_;
  std::set<std::uint32_t> numbers_, words_;
  std::mt19937 random_{1};
};

}  // namespace crumb::seccomp
