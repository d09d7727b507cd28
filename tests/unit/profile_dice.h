// Profiles of some calls of every kind, with arguments compared in every way.
#pragma once

#include <linux/seccomp.h>
#include <seccomp.h>

#include <cstdlib>
#include <iterator>
#include <random>
#include <set>
#include <string>

#include "helpers/seccomp/profile.h"

namespace crumb::seccomp {

class Dice {
 public:
  enum Calls { kOnce, kRepeated };  // rules of one call with other actions may be refused

  explicit Dice(unsigned seed, Calls calls = kOnce) : random_(seed), calls_(calls) {}

  Profile profile() {
    Profile profile;
    profile.default_action = action();
    profile.architectures = {"x86_64"};
    if (one_of(2)) profile.architectures.insert(profile.architectures.end(), {"x86", "x32"});
    for (unsigned rules = 1 + one_of(calls_ == kOnce ? 90 : 12); rules > 0; --rules) profile.rules.push_back(rule());
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
    // Calls inside of others on x86, those others, and calls that x86_64 lacks.
    constexpr const char* kSpecial[] = {"socket", "bind", "socketcall", "send",    "semop",   "shmat",           "ipc",
                                        "msgctl", "recv", "_llseek",    "fcntl64", "waitpid", "set_thread_area", "arch_prctl"};
    if (calls_ == kRepeated && one_of(3) == 0) return kSpecial[one_of(std::size(kSpecial))];
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
    for (unsigned index = 0; index < 3; ++index)
      if (one_of(4) == 0) rule.comparisons.push_back(comparison(index));
    const unsigned most = calls_ == kRepeated && rule.comparisons.empty() ? 40 : 6;
    for (unsigned calls = 1 + one_of(most); calls > 0; --calls)
      if (std::string name = call(); calls_ == kRepeated || used_.insert(name).second) rule.names.push_back(name);
    return rule;
  }

  scmp_arg_cmp comparison(unsigned index) {
    constexpr std::uint64_t kValues[] = {0, 1, 2, 8, 0x20000, 0x7e020000, 0xffffffff, 0x100000000, 0x500000008, ~0ULL};
    const auto value = [&] { return kValues[one_of(std::size(kValues))]; };
    return {index, static_cast<scmp_compare>(SCMP_CMP_NE + static_cast<int>(one_of(7))), value(), value()};
  }

  std::mt19937 random_;
  Calls calls_;
  std::set<std::string> used_;
};

}  // namespace crumb::seccomp
