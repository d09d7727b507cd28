// The kernel's word for one of libseccomp's architectures.
#pragma once

#include <linux/audit.h>
#include <seccomp.h>

#include <cstdint>

namespace crumb::seccomp {

// libseccomp's are the kernel's, but for x32: to the kernel that is x86_64 with a bit in the number.
constexpr std::uint32_t audit_architecture(std::uint32_t architecture) {
  return architecture == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : architecture;
}

}  // namespace crumb::seccomp
