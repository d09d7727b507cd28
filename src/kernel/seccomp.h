// The words of linux.seccomp (config-linux.md, Seccomp): one table per vocabulary, shared by parser, plan text, features and
// crumb-seccomp.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string_view>

namespace crumb::kernel {

struct SeccompAction {
  std::string_view word;
  std::uint32_t value;    // SECCOMP_RET_*, which are libseccomp's SCMP_ACT_* too
  std::uint32_t largest;  // errnoRet that goes into its lower bits; 0: it takes none
};

inline constexpr std::uint32_t kLargestErrno = 4095;  // the kernel's MAX_ERRNO
inline constexpr std::uint32_t kLargestTraceMessage = SECCOMP_RET_DATA;

// Where two words mean one action, its name in a plan is the first.
inline constexpr SeccompAction kSeccompActions[] = {
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, kLargestErrno},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0},
    {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, kLargestTraceMessage},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0},
};

// How an argument is compared with `value`; masked_eq: argument & value == valueTwo. Numbered as libseccomp's scmp_compare.
enum class SeccompOperator : std::uint8_t { ne = 1, lt, le, eq, ge, gt, masked_eq };

struct SeccompOperatorName {
  std::string_view word;
  SeccompOperator value;
};

inline constexpr SeccompOperatorName kSeccompOperators[] = {
    {"SCMP_CMP_EQ", SeccompOperator::eq}, {"SCMP_CMP_GE", SeccompOperator::ge},
    {"SCMP_CMP_GT", SeccompOperator::gt}, {"SCMP_CMP_LE", SeccompOperator::le},
    {"SCMP_CMP_LT", SeccompOperator::lt}, {"SCMP_CMP_MASKED_EQ", SeccompOperator::masked_eq},
    {"SCMP_CMP_NE", SeccompOperator::ne},
};

struct SeccompArchitecture {
  std::string_view word;
  std::string_view name;  // libseccomp's (seccomp_arch_resolve_name)
};

// Those of the specification; crumb-seccomp leaves out what its libseccomp does not have.
inline constexpr SeccompArchitecture kSeccompArchitectures[] = {
    {"SCMP_ARCH_AARCH64", "aarch64"},
    {"SCMP_ARCH_ARM", "arm"},
    {"SCMP_ARCH_LOONGARCH64", "loongarch64"},
    {"SCMP_ARCH_M68K", "m68k"},
    {"SCMP_ARCH_MIPS", "mips"},
    {"SCMP_ARCH_MIPS64", "mips64"},
    {"SCMP_ARCH_MIPS64N32", "mips64n32"},
    {"SCMP_ARCH_MIPSEL", "mipsel"},
    {"SCMP_ARCH_MIPSEL64", "mipsel64"},
    {"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"},
    {"SCMP_ARCH_PARISC", "parisc"},
    {"SCMP_ARCH_PARISC64", "parisc64"},
    {"SCMP_ARCH_PPC", "ppc"},
    {"SCMP_ARCH_PPC64", "ppc64"},
    {"SCMP_ARCH_PPC64LE", "ppc64le"},
    {"SCMP_ARCH_RISCV64", "riscv64"},
    {"SCMP_ARCH_S390", "s390"},
    {"SCMP_ARCH_S390X", "s390x"},
    {"SCMP_ARCH_SH", "sh"},
    {"SCMP_ARCH_SHEB", "sheb"},
    {"SCMP_ARCH_X32", "x32"},
    {"SCMP_ARCH_X86", "x86"},
    {"SCMP_ARCH_X86_64", "x86_64"},
};

struct SeccompFlag {
  std::string_view word;
  std::uint64_t value;
};

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)  // Linux 5.19
#endif

// The last one has a meaning only with SCMP_ACT_NOTIFY.
inline constexpr SeccompFlag kSeccompFlags[] = {
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

}  // namespace crumb::kernel
