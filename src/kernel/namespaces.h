// The kernel's words for namespaces and resource limits: one table per vocabulary, shared by parser, plan text and host.
#pragma once

#include <sched.h>
#include <sys/resource.h>

#include <cstdint>
#include <string_view>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

namespace crumb::kernel {

struct NamespaceName {
  std::uint64_t type;     // CLONE_NEW*
  std::string_view word;  // runtime-spec, config-linux.md, Namespaces
  std::string_view file;  // below /proc/PID/ns
};

inline constexpr NamespaceName kNamespaces[] = {
    {CLONE_NEWUSER, "user", "user"},       {CLONE_NEWPID, "pid", "pid"},    {CLONE_NEWNET, "network", "net"},
    {CLONE_NEWIPC, "ipc", "ipc"},          {CLONE_NEWUTS, "uts", "uts"},    {CLONE_NEWNS, "mount", "mnt"},
    {CLONE_NEWCGROUP, "cgroup", "cgroup"}, {CLONE_NEWTIME, "time", "time"},
};

struct RlimitName {
  int resource;
  std::string_view word;  // config.md, POSIX process
};

inline constexpr RlimitName kRlimits[] = {
    {RLIMIT_AS, "RLIMIT_AS"},           {RLIMIT_CORE, "RLIMIT_CORE"},         {RLIMIT_CPU, "RLIMIT_CPU"},
    {RLIMIT_DATA, "RLIMIT_DATA"},       {RLIMIT_FSIZE, "RLIMIT_FSIZE"},       {RLIMIT_LOCKS, "RLIMIT_LOCKS"},
    {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"}, {RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE"}, {RLIMIT_NICE, "RLIMIT_NICE"},
    {RLIMIT_NOFILE, "RLIMIT_NOFILE"},   {RLIMIT_NPROC, "RLIMIT_NPROC"},       {RLIMIT_RSS, "RLIMIT_RSS"},
    {RLIMIT_RTPRIO, "RLIMIT_RTPRIO"},   {RLIMIT_RTTIME, "RLIMIT_RTTIME"},     {RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING"},
    {RLIMIT_STACK, "RLIMIT_STACK"},
};

constexpr std::string_view rlimit_name(int resource) {
  for (const RlimitName& name : kRlimits)
    if (name.resource == resource) return name.word;
  return "RLIMIT_?";
}

}  // namespace crumb::kernel
