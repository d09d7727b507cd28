// systemd's Manager (org.freedesktop.systemd1(5)), over the first address of D-Bus that can be connected to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "helpers/systemd/message.h"
#include "helpers/systemd/request.h"

namespace crumb::systemd {

class Manager {
 public:
  // `patience`: microseconds, for an answer and for the end of a job. Throws Error that names the addresses.
  Manager(const std::vector<std::string>& addresses, std::uint64_t patience);

  // Each throws Error that names the unit. Start returns the unit's cgroup, and leaves no unit that it made when it fails.
  std::string start(const std::string& unit, std::vector<Property> properties);
  void set(const std::string& unit, std::vector<Property> properties);
  void stop(const std::string& unit);

  std::string own_cgroup();

 private:
  // The answer to a call, or the error's name.
  struct Reply {
    Message message;
    std::string error, text;
  };

  void connect(const std::vector<std::string>& addresses, std::uint64_t patience);
  void listen();
  static int job_removed(sd_bus_message* message, void* manager, sd_bus_error* error);

  Message request(const char* method);
  Reply call(const Message& request);
  Reply call_with_unit(const char* method, const std::string& unit, const char* mode = nullptr);
  Message make(const std::string& unit, const std::vector<Property>& properties);
  std::string await(const Message& job, const std::string& unit);
  std::string cgroup_of(const std::string& unit);
  void keep_known(std::vector<Property>& properties);
  std::string property(const std::string& path, const char* interface, const char* name);

  Bus bus_;
  std::uint64_t patience_;
  std::map<std::string, std::string> ended_;  // jobs by their paths, with their results
};

}  // namespace crumb::systemd
