// The words of process.scheduler and process.ioPriority (config.md, Linux Process): one table per vocabulary, shared by parser
// and plan text.
#pragma once

#include <linux/sched.h>
#include <sched.h>

#include <cstdint>
#include <string_view>

namespace crumb::kernel {

struct SchedulerPolicy {
  std::string_view word;
  std::uint32_t value;  // SCHED_*
};

// The specification's; no kernel has it so far, and musl no name for it.
inline constexpr std::uint32_t kSchedIso = 4;

inline constexpr SchedulerPolicy kSchedulerPolicies[] = {
    {"SCHED_OTHER", SCHED_OTHER},       {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},       {"SCHED_ISO", kSchedIso},   {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", SCHED_DEADLINE},
};

struct SchedulerFlag {
  std::string_view word;
  std::uint64_t value;  // SCHED_FLAG_*
};

inline constexpr SchedulerFlag kSchedulerFlags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},   {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},         {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},       {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};

struct IoPriorityClass {
  std::string_view word;
  std::uint32_t value;
};

// The values of linux/ioprio.h, which is no C++ since Linux 6.5: a parameter there is named `class`.
inline constexpr IoPriorityClass kIoPriorityClasses[] = {
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
};

inline constexpr std::uint32_t kIoPriorityLevels = 8;

// What ioprio_set(2) takes.
constexpr int io_priority(std::uint32_t io_class, std::uint32_t level) { return static_cast<int>(io_class << 13 | level); }

}  // namespace crumb::kernel
