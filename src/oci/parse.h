// What the files of this room share: one function per object of config.json, each given its place in the document.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "oci/config.h"
#include "support/json.h"

namespace crumb::oci {

inline constexpr char kNotSupported[] = "not supported by this version of crumb";

// Throws for the first of these members that says something: null, false, 0, "", [] and {} say nothing.
void refuse(const json::Cursor& object, std::initializer_list<std::string_view> keys);

// The same for a member whose own keys are names: {"eth0": {}} says something.
void refuse_names(const json::Cursor& object, std::string_view key);

std::string parse_absolute_path(const json::Cursor& path);
std::vector<std::string> parse_absolute_paths(const json::Cursor& paths);

// mappings.cc: ranges of ids, for user namespaces and mounts; the clocks of a time namespace.
void parse_user_mappings(const json::Cursor& linux_object, Linux& result);
void parse_mount_mappings(const json::Cursor& mount_object, Mount& mount);
void parse_time_offsets(const json::Cursor& linux_object, Linux& result);

Process parse_process(const json::Cursor& process);
Linux parse_linux(const json::Cursor& linux_object);
Resources parse_resources(const json::Cursor& resources);
Seccomp parse_seccomp(const json::Cursor& seccomp);

}  // namespace crumb::oci
