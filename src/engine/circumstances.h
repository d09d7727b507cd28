// What the engine finds out by itself where no host side tells it: when it was started by binfmt_misc or by crun. What
// a container's files say is not trusted; a container that lies deceives itself alone.
#pragma once

#include <cstdint>

namespace crumb::engine {

// Bytes: the smallest memory limit of this process's cgroup and of those above it, as far as they can be seen below
// /sys/fs/cgroup; 0: none.
std::uint64_t own_memory_limit();

// How many sockets this process was handed from descriptor 3 on: LISTEN_FDS (sd_listen_fds(3)), when LISTEN_PID names it and as
// far as they are sockets.
std::uint32_t handed_over_sockets();

// What no two network namespaces share, as long as the machine runs; 0: the kernel (older than 5.14) does not say.
std::uint64_t network_namespace();

}  // namespace crumb::engine
