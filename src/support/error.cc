#include "support/error.h"

#include <cstring>

namespace crumb {

std::string errno_text(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);
}

}  // namespace crumb
