#include "linux/systemd.h"

#include <cstdlib>

#include "linux/helper.h"
#include "support/error.h"
#include "support/lines.h"
#include "support/log.h"
#include "support/word_list.h"
#include "wire/systemd_request.h"

namespace crumb::linux {
namespace {

constexpr std::uint64_t kPatienceMilliseconds = 25000;  // sd-bus's own for an answer

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

std::string unix_address(const std::string& path) { return "unix:path=" + path; }

plan::SystemdProperty pids(int pid) { return {"PIDs", "au", {std::to_string(pid)}}; }

HelperResult run(const Systemd& systemd, const SystemdRequest& request) {
  try {
    return run_helper(systemd.helper, request_text(systemd.addresses, request));
  } catch (const Error& error) {  // it is built only where libsystemd is
    throw fail("systemd: {}", error.what());
  }
}

std::string ask(const Systemd& systemd, const SystemdRequest& request) {
  const HelperResult result = run(systemd, request);
  if (result.code == 0) return result.out;
  const std::string reason = first_line(result.err);
  throw fail("systemd: {}", reason.empty() ? fmt::format("crumb-systemd ended with exit code {}", result.code) : reason);
}

}  // namespace

std::vector<std::string> systemd_addresses(bool user) {
  if (std::string bus = environment(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS"); !bus.empty())
    return {std::move(bus)};
  if (!user) return {unix_address("/run/systemd/private"), unix_address("/run/dbus/system_bus_socket")};
  const std::string runtime = environment("XDG_RUNTIME_DIR");
  if (runtime.empty()) return {};
  return {unix_address(runtime + "/bus"), unix_address(runtime + "/systemd/private")};
}

std::string request_text(const std::vector<std::string>& addresses, const SystemdRequest& request) {
  WordWriter words;
  words.text(wire::kSystemdRequest);
  words.number(kPatienceMilliseconds);
  words.each(addresses, [&](const std::string& address) { words.text(address); });
  words.text(request.command);
  words.text(request.unit);
  words.each(request.properties, [&](const plan::SystemdProperty& property) {
    words.text(property.name);
    words.text(property.signature);
    words.number(property.since);
    words.each(property.values, [&](const std::string& value) { words.text(value); });
  });
  return words.take();
}

std::string systemd_cgroup(const Systemd& systemd) {
  std::string found = ask(systemd, {wire::kSystemdFind, "", {}});
  return found == "/" ? "" : found;
}

void start_scope(const Systemd& systemd, const plan::SystemdScope& scope, int pid) {
  SystemdRequest request{wire::kSystemdStart, scope.unit, scope.properties};
  request.properties.push_back(pids(pid));
  const std::string found = ask(systemd, request);
  log::debug(fmt::format("systemd: unit {} is at {}", scope.unit, found));
  if (found == scope.control_group) return;
  stop_unit(systemd, scope.unit);
  throw fail("systemd: unit {}: its cgroup is \"{}\", not \"{}\"", scope.unit, found, scope.control_group);
}

void set_properties(const Systemd& systemd, const plan::SystemdScope& scope) {
  if (!scope.properties.empty()) ask(systemd, {wire::kSystemdSet, scope.unit, scope.properties});
}

void stop_unit(const Systemd& systemd, const std::string& unit) { ask(systemd, {wire::kSystemdStop, unit, {}}); }

}  // namespace crumb::linux
