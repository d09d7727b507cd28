// Hooks (config.md, POSIX-platform Hooks): what they read, and the words for those that fail. The compiler makes the steps of
// the two kinds that run in the container's namespaces; the others are the host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace crumb::plan {

// The container's state as a hook reads it (runtime.md, State), JSON in two parts: `,"pid":N` belongs between them while there
// is a process.
struct StateText {
  std::string before, after;

  std::string with_pid(int pid) const;
  std::string without_pid() const { return before + after; }
};
StateText state_text(std::string_view id, std::string_view bundle, std::string_view status,
                     const std::map<std::string, std::string>& annotations);

// `error running prestart hook #0: "/usr/bin/x": REASON`
std::string hook_failure(std::string_view kind, std::size_t index, const std::string& path, const std::string& reason);

// The reason, from what kernel/child.h says: -ECHILD with a status of wait4, -ETIME, -EOWNERDEAD; any other errno is that of a
// hook which could not be executed, in words that no caller takes for the container's program being missing. `output`: the end
// of what it wrote, one line.
std::string hook_reason(int error, int status, std::uint64_t timeout, const std::string& output);

}  // namespace crumb::plan
