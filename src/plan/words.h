// The numbers of a Plan in words, for text.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace crumb::plan {

// In double quotes, with what could end a line or be mistaken escaped as in JSON.
std::string quoted(std::string_view text);

std::string joined(const std::vector<std::string>& words, std::string_view separator);

// " (a, b)"; nothing for no words.
std::string parenthesized(const std::vector<std::string>& words);

std::string namespace_names(std::uint64_t mask);                      // "pid, network namespaces", "mount namespace"
std::string point_name(std::uint64_t point);                          // wire/protocol.h: "placed"
std::string capability_names(std::uint64_t set);                      // "CAP_CHOWN CAP_KILL", "none"
std::string same_or_names(std::uint64_t set, std::uint64_t other);    // "the same" when equal
std::string limit_text(std::uint64_t limit);                          // "unlimited" for RLIM_INFINITY
std::string size_text(std::uint64_t bytes);                           // "60 MiB", "64 KiB"
std::string bits_text(const oci::BitSet& bits);                       // "0-3,7"
std::string scheduler_text(const oci::Scheduler& scheduler);          // "SCHED_FIFO, priority 5"
std::string io_priority_text(const oci::IoPriority& priority);        // "IOPRIO_CLASS_BE 4"
std::string memory_policy_name(std::uint64_t mode);                   // "MPOL_BIND, MPOL_F_STATIC_NODES"
std::string personality_name(std::uint64_t domain);                   // "LINUX32"
std::vector<std::string> seccomp_words(const oci::Seccomp& profile);  // "default action errno 1", "2 rules for 7 system calls"
std::string device_rule_text(const oci::DeviceRule& rule);            // "c 1:3 rwm", "b *:* m", as cgroup v1 writes them
std::vector<std::string> mount_words(const Mount& mount);             // the words of config.json that would give these bits

}  // namespace crumb::plan
