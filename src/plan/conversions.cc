#include "plan/conversions.h"

#include <cmath>

namespace crumb::plan {

std::uint64_t weight_of_shares(std::uint64_t shares) {
  constexpr std::uint64_t kFewest = 2, kMost = 262144, kHeaviest = 10000;
  if (shares <= kFewest) return 1;
  if (shares >= kMost) return kHeaviest;
  const double l = std::log2(static_cast<double>(shares));
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, (l * l + 125 * l) / 612 - 7.0 / 34)));
}

std::uint64_t io_weight(std::uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

}  // namespace crumb::plan
