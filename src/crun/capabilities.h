#pragma once

namespace crumb::crun {

// What executing a program does to the capabilities of an ordinary user: none are left but the ambient ones (capabilities(7)).
// crun counts on it: it gives its process what config.json lists, whatever the user. False, with errno: they cannot be dropped.
bool drop_capabilities();

}  // namespace crumb::crun
