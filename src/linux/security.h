// The security modules of the running kernel.
#pragma once

namespace crumb::linux {

bool apparmor_enabled();
bool selinux_enabled();

}  // namespace crumb::linux
