#include "support/error.h"

#include <algorithm>
#include <iterator>

#include "kernel/errors.h"

namespace crumb {

std::string errno_text(int error) {
  const auto* const known = std::find_if(std::begin(kernel::kErrors), std::end(kernel::kErrors),
                                         [error](const kernel::ErrorWords& entry) { return entry.number == error; });
  return known != std::end(kernel::kErrors) ? std::string(known->words) : fmt::format("Unknown error {}", error);
}

}  // namespace crumb
