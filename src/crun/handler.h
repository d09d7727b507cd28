// What crun asks a handler for: the table of functions behind `run_oci_handler_get_handler`, which it looks up in every file of
// its folder of handlers. Written down from crun's interface, whose structures are not needed here: what they hold changes from
// version to version, so nothing of them is ever read.
//
// Members are the same from crun 1.8.1 to 1.27; 1.27.1 has added close_fds. Older ones have others and must not load this.
#pragma once

#include <cstddef>

namespace crumb::crun {

struct Container;  // libcrun_container_t
struct Context;    // libcrun_context_t
struct Error;      // libcrun_error_s

inline constexpr int kBeforeMounts = 1;  // HANDLER_CONFIGURE_BEFORE_MOUNTS

using Run = int (*)(void* cookie, Container* container, const char* path, char* const argv[]);

struct Handler {
  const char* name;
  const char* feature;  // what `crun --version` shows
  const char* alias;

  // On the host, before the container's process is made. crun calls unload without asking whether there is one.
  int (*load)(void** cookie, Error** error);
  int (*unload)(void* cookie, Error** error);

  // In the container's process, when everything is as the program shall find it. `path` is what crun found for argv[0], or
  // argv[0] itself where it found nothing that can be executed. run is called with no descriptor open but those that are handed
  // over, exec
  // (`crun exec`) with crun's own as well, which are marked close-on-exec.
  Run run;
  Run exec;

  // In the container's process while it is made, but not in one of `crun exec`. In the phase kBeforeMounts it is in its cgroup
  // and still sees the host's files.
  int (*configure_container)(void* cookie, int phase, Context* context, Container* container, const char* rootfs,
                             Error** error);

  void* can_handle_container;
  void* modify_oci_configuration;
  void* close_fds;  // null: crun closes its descriptors
  void* later[8];   // null, for what a newer crun may ask for
};

}  // namespace crumb::crun
