#include "helpers/seccomp/unknown_calls.h"

#include <linux/seccomp.h>

#include <cerrno>
#include <cstddef>

#include "helpers/seccomp/architecture.h"

namespace crumb::seccomp {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT

sock_filter load(std::size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

// Skips so many instructions when the comparison holds, and so many when it does not.
sock_filter branch(unsigned comparison, std::uint32_t value, std::size_t holds, std::size_t does_not) {
  return BPF_JUMP(static_cast<unsigned short>(BPF_JMP | comparison | BPF_K), value, static_cast<unsigned char>(holds),
                  static_cast<unsigned char>(does_not));
}
sock_filter unknown() { return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS); }

// With the number loaded: answers a number above the last one; goes on behind itself otherwise.
Program number_check(const LastCall& last) {
  Program check{branch(BPF_JGT, last.number, 0, 1), unknown()};
  if (last.architecture == SCMP_ARCH_X86_64) check.insert(check.begin(), branch(BPF_JSET, kX32Bit, check.size(), 0));
  if (last.architecture == SCMP_ARCH_X32) check.insert(check.begin(), branch(BPF_JSET, kX32Bit, 0, check.size()));
  return check;
}

}  // namespace

// The architecture is loaded once; a check that does not apply leaves it in place for the next.
Program refuse_unknown_calls(const std::vector<LastCall>& last) {
  if (last.empty()) return {};
  Program program{load(offsetof(seccomp_data, arch))};
  for (const LastCall& call : last) {
    Program check = number_check(call);
    check.insert(check.begin(), load(offsetof(seccomp_data, nr)));
    check.push_back(load(offsetof(seccomp_data, arch)));
    program.push_back(branch(BPF_JEQ, audit_architecture(call.architecture), 0, check.size()));
    program.insert(program.end(), check.begin(), check.end());
  }
  return program;
}

}  // namespace crumb::seccomp
