// The mount that statx(2) found (Linux 5.8), which musl's <sys/stat.h> has no names for.
#pragma once

#include <stdint.h>
#include <sys/stat.h>

namespace crumb::wire {

inline constexpr unsigned kStatxMountId = 0x1000;  // STATX_MNT_ID

inline uint64_t mount_id(const struct statx& facts) {
  constexpr unsigned kOffset = 0x90;  // of stx_mnt_id, after the device's two numbers
  static_assert(kOffset == __builtin_offsetof(struct statx, stx_dev_minor) + sizeof(uint32_t));
  uint64_t id = 0;
  __builtin_memcpy(&id, reinterpret_cast<const char*>(&facts) + kOffset, sizeof id);
  return id;
}

}  // namespace crumb::wire
