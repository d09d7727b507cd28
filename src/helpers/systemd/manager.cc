#include "helpers/systemd/manager.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>

#include "support/error.h"

namespace crumb::systemd {
namespace {

constexpr char kService[] = "org.freedesktop.systemd1", kPath[] = "/org/freedesktop/systemd1",
               kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kNoSuchUnit[] = "org.freedesktop.systemd1.NoSuchUnit", kUnitExists[] = "org.freedesktop.systemd1.UnitExists";

// Callers of crumb take the kernel's words for a missing program.
std::string reason(int error) { return error == -ENOENT ? "there is no such socket" : errno_text(-error); }

// systemd's own socket is no bus: nobody says hello there.
bool is_direct(const std::string& address) { return address.ends_with("/systemd/private"); }

class BusError {
 public:
  BusError() = default;
  ~BusError() { sd_bus_error_free(&error_); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;

  sd_bus_error* get() { return &error_; }
  std::string name() const { return error_.name ? error_.name : ""; }
  std::string text() const { return error_.message ? error_.message : name(); }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

// -errno when there is nobody.
int open(const std::string& address, Bus& bus) {
  sd_bus* made = nullptr;
  int result = sd_bus_new(&made);
  bus.reset(made);
  if (result >= 0) result = sd_bus_set_address(made, address.c_str());
  if (result >= 0 && !is_direct(address)) result = sd_bus_set_bus_client(made, 1);
  if (result >= 0) result = sd_bus_start(made);
  return result;
}

std::uint64_t now() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

Manager::Manager(const std::vector<std::string>& addresses, std::uint64_t patience) : patience_(patience) {
  connect(addresses, patience);
  listen();
}

void Manager::connect(const std::vector<std::string>& addresses, std::uint64_t patience) {
  if (addresses.empty()) throw fail("there is no address to connect to: XDG_RUNTIME_DIR is not set");
  std::string tried;
  for (const std::string& address : addresses) {
    const int result = open(address, bus_);
    if (result >= 0) {
      check(sd_bus_set_method_call_timeout(bus_.get(), patience), "{}", address);
      return;
    }
    tried += fmt::format("{}{} ({})", tried.empty() ? "" : ", nor to ", address, reason(result));
  }
  throw fail("cannot connect to {}", tried);
}

// Before the first job is made: its end may come at once. Over a bus systemd only tells those who have subscribed.
void Manager::listen() {
  check(sd_bus_match_signal(bus_.get(), nullptr, sd_bus_is_bus_client(bus_.get()) > 0 ? kService : nullptr, kPath, kManager,
                            "JobRemoved", job_removed, this),
        "listen to systemd");
  if (const Reply reply = call(request("Subscribe")); !reply.message) throw fail("subscribe: {}", reply.text);
}

int Manager::job_removed(sd_bus_message* message, void* manager, sd_bus_error*) {
  std::uint32_t number = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(message, "uoss", &number, &job, &unit, &result) >= 0)
    static_cast<Manager*>(manager)->ended_[job] = result;
  return 0;
}

Message Manager::request(const char* method) {
  sd_bus_message* message = nullptr;
  check(sd_bus_message_new_method_call(bus_.get(), &message, kService, kPath, kManager, method), "{}", method);
  return Message(message);
}

Manager::Reply Manager::call(const Message& request) {
  BusError error;
  sd_bus_message* answer = nullptr;
  const int result = sd_bus_call(bus_.get(), request.get(), 0, error.get(), &answer);
  if (result >= 0) return {Message(answer), "", ""};
  const std::string text = error.text();
  if (result == -ETIMEDOUT) return {nullptr, error.name(), fmt::format("no answer within {} ms", patience_ / 1000)};
  return {nullptr, error.name(), text.empty() ? errno_text(-result) : text};
}

Manager::Reply Manager::call_with_unit(const char* method, const std::string& unit, const char* mode) {
  const Message message = request(method);
  check(sd_bus_message_append(message.get(), "s", unit.c_str()), "{}", method);
  if (mode) check(sd_bus_message_append(message.get(), "s", mode), "{}", method);
  return call(message);
}

// The result of the job that the answer names.
std::string Manager::await(const Message& job, const std::string& unit) {
  const char* path = nullptr;
  check(sd_bus_message_read(job.get(), "o", &path), "unit {}: job", unit);
  const std::uint64_t end = now() + patience_;
  while (!ended_.contains(path)) {
    const int done = sd_bus_process(bus_.get(), nullptr);
    check(done, "unit {}: wait for its job", unit);
    if (done > 0) continue;
    const std::uint64_t time = now();
    if (time >= end) throw fail("unit {}: its job has not ended within {} ms", unit, patience_ / 1000);
    check(sd_bus_wait(bus_.get(), end - time), "unit {}: wait for its job", unit);
  }
  return ended_[path];
}

std::string Manager::property(const std::string& path, const char* interface, const char* name) {
  BusError error;
  char* found = nullptr;
  const int result = sd_bus_get_property_string(bus_.get(), kService, path.c_str(), interface, name, error.get(), &found);
  if (result < 0) throw fail("property {}: {}", name, error.text().empty() ? errno_text(-result) : error.text());
  const std::unique_ptr<char, decltype(&::free)> text(found, ::free);
  return text.get();
}

// systemd refuses what it does not know.
void Manager::keep_known(std::vector<Property>& properties) {
  if (std::ranges::all_of(properties, [](const Property& one) { return one.since == 0; })) return;
  const std::string text = property(kPath, kManager, "Version");  // "252.39-1", "v247"
  const char* const digits = text.c_str() + std::min(text.find_first_of("0123456789"), text.size());
  std::uint32_t version = 0;
  std::from_chars(digits, text.c_str() + text.size(), version);
  std::erase_if(properties, [&](const Property& one) { return one.since > version; });
}

// The job that makes it.
Message Manager::make(const std::string& unit, const std::vector<Property>& properties) {
  const auto ask = [&] {
    const Message message = request("StartTransientUnit");
    check(sd_bus_message_append(message.get(), "ss", unit.c_str(), "replace"), "unit {}", unit);
    append_properties(message.get(), properties);
    check(sd_bus_message_append(message.get(), "a(sa(sv))", 0), "unit {}", unit);
    return call(message);
  };
  Reply reply = ask();
  if (reply.error == kUnitExists) {  // one that failed stays until somebody has seen it
    call_with_unit("ResetFailedUnit", unit);
    reply = ask();
  }
  if (!reply.message) throw fail("unit {}: start: {}", unit, reply.text);
  return std::move(reply.message);
}

std::string Manager::start(const std::string& unit, std::vector<Property> properties) {
  keep_known(properties);
  const Message job = make(unit, properties);
  try {
    const std::string result = await(job, unit);
    if (result != "done") throw fail("unit {}: start: its job ended as \"{}\"", unit, result);
    return cgroup_of(unit);
  } catch (const Error&) {
    call_with_unit("StopUnit", unit, "replace");
    call_with_unit("ResetFailedUnit", unit);
    throw;
  }
}

void Manager::set(const std::string& unit, std::vector<Property> properties) {
  keep_known(properties);
  const Message message = request("SetUnitProperties");
  check(sd_bus_message_append(message.get(), "sb", unit.c_str(), 1), "unit {}", unit);
  append_properties(message.get(), properties);
  if (const Reply reply = call(message); !reply.message) throw fail("unit {}: set properties: {}", unit, reply.text);
  // It writes them into the cgroup after it has answered, and before it takes another call.
  property(kPath, kManager, "Version");
}

void Manager::stop(const std::string& unit) {
  const Reply reply = call_with_unit("StopUnit", unit, "replace");
  if (!reply.message && reply.error != kNoSuchUnit) throw fail("unit {}: stop: {}", unit, reply.text);
  const std::string result = reply.message ? await(reply.message, unit) : "done";
  call_with_unit("ResetFailedUnit", unit);  // most have not failed, or are gone
  if (result != "done") throw fail("unit {}: stop: its job ended as \"{}\"", unit, result);
}

std::string Manager::cgroup_of(const std::string& unit) {
  const Reply reply = call_with_unit("GetUnit", unit);
  if (!reply.message) throw fail("unit {}: {}", unit, reply.text);
  const char* path = nullptr;
  check(sd_bus_message_read(reply.message.get(), "o", &path), "unit {}", unit);
  return property(path, "org.freedesktop.systemd1.Scope", "ControlGroup");
}

std::string Manager::own_cgroup() { return property(kPath, kManager, "ControlGroup"); }

}  // namespace crumb::systemd
