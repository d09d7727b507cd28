// The seccomp filter of the second wall (wall.h): which system calls are left to an engine that runs a guest.
//
// A search tree over the sorted numbers of calls, and comparisons of a few arguments. It is short because the kernel translates
// it at every start, and a tree because it evaluates it for every number then. Pure: the same policy gives the same program.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace crumb::engine {

// What a guest may do besides what every guest may: compute, wait, and use the descriptors that it has.
struct WallPolicy {
  bool reads_files = false;   // by their names
  bool writes_files = false;  // also makes, renames and removes them
  bool threads = false;
  bool sockets = false;      // those that were handed over
  bool new_sockets = false;  // goes with `sockets` and, for name resolution, `reads_files`
};

struct WallFilter {
  std::array<sock_filter, 256> code;  // as far as a jump reaches
  std::size_t size = 0;               // instructions of `code` that count
};

inline constexpr std::uint32_t kWallAllows = SECCOMP_RET_ALLOW;
inline constexpr std::uint32_t kWallStops = SECCOMP_RET_TRAP;          // wall.cc says which call it was and ends the process
inline constexpr std::uint32_t kWallKills = SECCOMP_RET_KILL_PROCESS;  // what would bring in native code
inline constexpr std::uint32_t kWallRefuses = SECCOMP_RET_ERRNO | EACCES;

// process: the engine's own id, the only one that it may send signals to.
WallFilter wall_filter(const WallPolicy& policy, std::uint32_t process);

}  // namespace crumb::engine
