#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "container/container.h"
#include "linux/user_namespace.h"

namespace crumb::container {

bool is_machine_root() {
  if (geteuid() != 0) return false;
  const char* const user = std::getenv("USER");
  return !linux::in_user_namespace() || (user && std::string_view(user) == "root");
}

}  // namespace crumb::container
