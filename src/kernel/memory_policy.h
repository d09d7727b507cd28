// The words of linux.memoryPolicy (config-linux.md, Memory policy), shared by parser, plan text and features.
#pragma once

#include <linux/mempolicy.h>

#include <cstdint>
#include <string_view>

namespace crumb::kernel {

// What a mode does with a list of nodes (set_mempolicy(2)).
enum class MemoryNodes { none, some, any };

struct MemoryPolicyMode {
  std::string_view word;
  std::uint64_t value;  // MPOL_*
  MemoryNodes nodes;
};

inline constexpr std::uint64_t kWeightedInterleave = 6;  // MPOL_WEIGHTED_INTERLEAVE, Linux 6.9

inline constexpr MemoryPolicyMode kMemoryPolicyModes[] = {
    {"MPOL_DEFAULT", MPOL_DEFAULT, MemoryNodes::none},
    {"MPOL_BIND", MPOL_BIND, MemoryNodes::some},
    {"MPOL_INTERLEAVE", MPOL_INTERLEAVE, MemoryNodes::some},
    {"MPOL_WEIGHTED_INTERLEAVE", kWeightedInterleave, MemoryNodes::some},
    {"MPOL_PREFERRED", MPOL_PREFERRED, MemoryNodes::any},
    {"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY, MemoryNodes::some},
    {"MPOL_LOCAL", MPOL_LOCAL, MemoryNodes::none},
};

struct MemoryPolicyFlag {
  std::string_view word;
  std::uint64_t value;  // MPOL_F_*, beside the mode
};

inline constexpr MemoryPolicyFlag kMemoryPolicyFlags[] = {
    {"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
    {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
    {"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
};

}  // namespace crumb::kernel
