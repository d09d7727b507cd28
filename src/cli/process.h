// The process of `crumb exec`: the container's own, changed by the flags.
#pragma once

#include <string>
#include <vector>

#include "container/container.h"
#include "oci/config.h"

namespace crumb::cli {

struct ProcessFlags {
  std::string cwd, user;                // empty: the container's
  std::string process_label, apparmor;  // likewise
  std::vector<std::string> env, gids, capabilities;
  bool no_new_privileges = false;
  std::vector<std::string> command;
};

// One more variable in the place of any of the same name. `command` and its option --env open the message when `text` is not
// NAME=VALUE.
void set_variable(std::vector<std::string>& environment, const std::string& text, const char* command);

// Throws Error naming the flag. --env replaces a variable of the same name; --user UID without :GID keeps the container's gid;
// --cap adds to the bounding, effective and permitted sets, and to the ambient one where the container has it as inheritable
// (the kernel's condition), as runc does.
oci::Process apply(oci::Process process, const ProcessFlags& flags);

// The values of --cgroup: "PATH", alone, or "CONTROLLER[,CONTROLLER...]:PATH" for each. Throws Error naming the flag.
container::SubCgroups parse_sub_cgroups(const std::vector<std::string>& values);

}  // namespace crumb::cli
