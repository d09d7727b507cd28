// What the resctrl filesystem says about a container's class of service and its monitoring group: the "intel_rdt" of `events`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace crumb::linux {

struct RdtCacheInfo {
  std::string cbm_mask;  // "fffff"
  std::uint64_t min_cbm_bits = 0, num_closids = 0;
};

struct RdtBandwidthInfo {
  std::uint64_t bandwidth_gran = 0, delay_linear = 0, min_bandwidth = 0, num_closids = 0;
};

// Bytes, of one domain; a counter that the machine does not have is 0.
struct RdtTraffic {
  std::uint64_t total = 0, local = 0;
};

// Where the machine lacks a resource or a counter, the member of it is left out.
struct RdtStats {
  std::optional<RdtCacheInfo> l3;
  std::string l3_root, l3_class;  // lines of schemata, without blanks around them: the root's and the container's class's
  std::optional<RdtBandwidthInfo> bandwidth;
  std::string bandwidth_root, bandwidth_class;
  std::vector<std::string> schemata;  // all lines of the container's class
  // By domain, in the order of their names. Of the monitoring group; without one, of the class with all that is in it.
  std::optional<std::vector<RdtTraffic>> traffic;            // MBM
  std::optional<std::vector<std::uint64_t>> cache_occupied;  // CMT; bytes
};

// A counter that the kernel cannot read now ("Unavailable") is a warning, and all of its kind are left out.
// Throws support Error when a file is missing or says something else.
RdtStats rdt_stats(const plan::RdtGroup& group);

}  // namespace crumb::linux
