// Messages of D-Bus by libsystemd's sd-bus.
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <vector>

#include "helpers/systemd/request.h"

namespace crumb::systemd {

struct Release {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, Release>;
using Message = std::unique_ptr<sd_bus_message, Release>;

// The argument of type a(sv) that methods for units take. Throws Error for a value that its signature cannot hold, naming the
// property.
void append_properties(sd_bus_message* message, const std::vector<Property>& properties);

}  // namespace crumb::systemd
