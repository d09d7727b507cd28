// What systemd is asked for when it shall make a container's cgroups: the names of its units, and linux.resources as properties
// of them (systemd.resource-control(5), and org.freedesktop.systemd1(5) for their types). Pure; linux/systemd.h asks.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plan/parts.h"
#include "plan/plan.h"

namespace crumb::plan {

struct ScopeName {
  std::string slice, unit;  // "machine.slice", "libpod-0123.scope"
};

// Of linux.cgroupsPath, "slice:prefix:name", where an empty slice is system.slice, or a user's user.slice; no path at all is
// the container's own name. Throws Error with the reason alone.
ScopeName scope_name(std::string_view cgroups_path, const std::string& id, bool user);

// Where systemd has this slice below its own cgroup: "/a.slice/a-b.slice" for "a-b.slice", "" for "-.slice". Throws likewise.
std::string slice_path(std::string_view slice);

// Adds what linux.resources says to the properties. What systemd has no property for is left out: crumb writes it itself.
// `document` holds the resources, for errors.
void add_resource_properties(const LimitsInput& input, const std::string& document, std::vector<SystemdProperty>& properties);

// Adds the devices that the container may use: systemd writes v1's list anew when it likes, and adds a filter of its own on v2.
void add_device_properties(const LimitsInput& input, std::vector<SystemdProperty>& properties);

// The property that the annotation org.systemd.property.NAME asks for: `value` is GVariant's text form, and a time in seconds
// (NAME ends with Sec) is told in microseconds (USec), as with runc. Throws Error with the reason alone.
SystemdProperty annotated_property(std::string_view name, std::string_view value);

// The value with its type alone: booleans, numbers, strings, and arrays of them; a type in front of the value counts ("uint64
// 5",
// "@as []"), else integers are of type "i" (gvariant-text). Throws likewise.
SystemdProperty parse_gvariant(std::string_view text);

}  // namespace crumb::plan
