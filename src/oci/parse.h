// What the files of this room share: one function per object of config.json, each given its place in the document.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "oci/config.h"
#include "support/json.h"

namespace crumb::oci {

// The entry of a table of src/kernel's words.
template <class Table>
const auto& parse_word(const json::Cursor& member, const Table& table, std::string_view what) {
  const std::string word = member.string();
  const auto known = std::find_if(std::begin(table), std::end(table), [&](const auto& entry) { return entry.word == word; });
  if (known == std::end(table)) throw member.error(fmt::format("unknown {} \"{}\"", what, word));
  return *known;
}

// The same of a string in the document.
BitSet parse_bits(const json::Cursor& list, std::uint32_t end);

std::string parse_absolute_path(const json::Cursor& path);
std::vector<std::string> parse_absolute_paths(const json::Cursor& paths);

// mappings.cc: ranges of ids, for user namespaces and mounts; the clocks of a time namespace.
void parse_user_mappings(const json::Cursor& linux_object, Linux& result);
void parse_mount_mappings(const json::Cursor& mount_object, Mount& mount);
void parse_time_offsets(const json::Cursor& linux_object, Linux& result);

// scheduling.cc
Scheduler parse_scheduler(const json::Cursor& object);
IoPriority parse_io_priority(const json::Cursor& object);
CpuAffinity parse_cpu_affinity(const json::Cursor& object);

Process parse_process(const json::Cursor& object);
Hooks parse_hooks(const json::Cursor& object);
Linux parse_linux(const json::Cursor& linux_object);
Resources parse_resources(const json::Cursor& object);
MemoryPolicy parse_memory_policy(const json::Cursor& object);
std::map<std::string, std::string> parse_net_devices(const json::Cursor& object);
IntelRdt parse_intel_rdt(const json::Cursor& object);
Seccomp parse_seccomp(const json::Cursor& object);

}  // namespace crumb::oci
