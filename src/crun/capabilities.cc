#include "crun/capabilities.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace crumb::crun {
namespace {

// To the kernel root is who has the user id 0 in its namespace, unless that was switched off. It loses nothing by executing.
bool is_root() {
  const int bits = ::prctl(PR_GET_SECUREBITS);
  return (bits < 0 || (bits & SECBIT_NOROOT) == 0) && (::getuid() == 0 || ::geteuid() == 0);
}

}  // namespace

bool drop_capabilities() {
  if (is_root()) return true;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  constexpr unsigned kBits = 32;
  for (unsigned half = 0; half < 2; ++half) {
    unsigned ambient = 0;
    for (unsigned bit = 0; bit < kBits; ++bit)
      if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, half * kBits + bit, 0, 0) == 1) ambient |= 1U << bit;
    sets[half].effective = sets[half].permitted = ambient;
  }
  return ::syscall(SYS_capset, &header, sets) == 0;
}

}  // namespace crumb::crun
