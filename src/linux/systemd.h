// Cgroups that systemd makes: what crumb-systemd is asked to ask it over D-Bus (wire/systemd_request.h). All functions throw
// Error, `systemd: ...`.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace crumb::linux {

struct Systemd {
  std::string helper;                  // path of crumb-systemd
  std::vector<std::string> addresses;  // of D-Bus, in the order in which they are tried
};

// Those of the machine's systemd, or of the user's instance: $DBUS_SYSTEM_BUS_ADDRESS or systemd's own socket and the bus;
// $DBUS_SESSION_BUS_ADDRESS or the bus and systemd's own socket in $XDG_RUNTIME_DIR.
std::vector<std::string> systemd_addresses(bool user);

// The cgroup below which it makes all units, "" for the root.
std::string systemd_cgroup(const Systemd& systemd);

// Makes the scope with this process in it. Throws, and leaves no unit, when it comes to be in another cgroup than the Plan
// says.
void start_scope(const Systemd& systemd, const plan::SystemdScope& scope, int pid);

void set_properties(const Systemd& systemd, const plan::SystemdScope& scope);

// Stops the unit, which should be empty: systemd gives processes minutes to end. Fine when there is none.
void stop_unit(const Systemd& systemd, const std::string& unit);

// What crumb-systemd is given for it; for tests.
struct SystemdRequest {
  std::string command, unit;
  std::vector<plan::SystemdProperty> properties;
};
std::string request_text(const std::vector<std::string>& addresses, const SystemdRequest& request);

}  // namespace crumb::linux
