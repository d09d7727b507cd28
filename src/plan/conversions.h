// Numbers of linux.resources, which are those of cgroup v1, as cgroup v2 wants them; as runc converts them.
#pragma once

#include <cstdint>

namespace crumb::plan {

// Shares from 2 to 262144, 1024 by default, onto weights from 1 to 10000, 100 by default: 10^(l²/612 + 125l/612 - 7/34) for l =
// log2(shares), rounded up, which meets all three.
std::uint64_t weight_of_shares(std::uint64_t shares);

// 10..1000 of the block I/O controller onto 1..10000.
std::uint64_t io_weight(std::uint64_t weight);

}  // namespace crumb::plan
