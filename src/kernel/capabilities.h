// The kernel's words for capabilities (capabilities(7)): one table, shared by parser and plan text.
#pragma once

#include <linux/capability.h>

#include <cstdint>
#include <string_view>

namespace crumb::kernel {

// The position is the capability's number. The last one came with Linux 5.9.
inline constexpr std::string_view kCapabilities[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};
static_assert(kCapabilities[CAP_SYS_ADMIN] == "CAP_SYS_ADMIN");
static_assert(kCapabilities[CAP_CHECKPOINT_RESTORE] == "CAP_CHECKPOINT_RESTORE");

// -1: no such capability.
constexpr int capability_number(std::string_view name) {
  int number = 0;
  for (const std::string_view word : kCapabilities) {
    if (word == name) return number;
    ++number;
  }
  return -1;
}

}  // namespace crumb::kernel
