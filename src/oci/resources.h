// linux.resources of config.json (config-linux.md, Control groups), which `update` takes on its own, too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crumb::oci {

// Bytes; -1 is unlimited.
struct Memory {
  std::optional<std::int64_t> limit, reservation, swap;
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer;
  std::optional<std::int64_t> kernel;      // no kernel of today obeys it
  std::optional<std::int64_t> kernel_tcp;  // buffers of TCP connections; cgroup v1 only
  bool check_before_update = false;        // an update below what is used is refused
};

// Times in microseconds.
struct Cpu {
  std::optional<std::uint64_t> shares, period, burst;
  std::optional<std::int64_t> quota;  // per period; -1 is unlimited
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::optional<std::int64_t> idle;  // 0 or 1
  std::string cpus, mems;
};

struct WeightDevice {
  std::uint64_t major = 0, minor = 0;
  std::optional<std::uint64_t> weight, leaf_weight;
};

struct ThrottleDevice {
  std::uint64_t major = 0, minor = 0;
  std::uint64_t rate = 0;  // per second; 0: no limit
};

// Weights are 10 to 1000.
struct BlockIo {
  std::optional<std::uint64_t> weight, leaf_weight;
  std::vector<WeightDevice> weight_devices;
  std::vector<ThrottleDevice> read_bytes, write_bytes, read_operations, write_operations;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  std::uint64_t limit = 0;
};

struct InterfacePriority {
  std::string name;
  std::uint64_t priority = 0;
};

struct Network {
  std::optional<std::uint64_t> class_id;
  std::vector<InterfacePriority> priorities;
};

struct RdmaLimit {
  std::optional<std::uint64_t> handles, objects;
};

// One entry of the devices controller's list.
struct DeviceRule {
  bool allow = false;
  char type = 'a';                            // 'a' (both), 'b' or 'c'
  std::optional<std::uint64_t> major, minor;  // none: any
  std::string access = "rwm";                 // letters of these

  // Type, numbers and rights are all there are: what was said before does not matter any more.
  bool is_reset() const {
    return type == 'a' && !major && !minor && std::string_view("rwm").find_first_not_of(access) == std::string_view::npos;
  }
};

// Numbers that are 0 mean "not set" to every caller and are left out here, where 0 could not be meant.
struct Resources {
  Memory memory;
  Cpu cpu;
  BlockIo block_io;
  Network network;
  std::optional<std::int64_t> pids_limit;  // 0 and -1: unlimited
  std::vector<HugepageLimit> hugepage_limits;
  std::map<std::string, RdmaLimit> rdma;  // by the device's name
  std::map<std::string, std::string> unified;
  std::vector<DeviceRule> device_rules;  // in the order in which they apply
};

// A document that is linux.resources and nothing else. Throws support Error: `NAME: memory.limit: ...`.
Resources parse_resources(std::string_view text, const std::string& name);

// `config`, a valid config.json, with what `update`, a valid document of the kind above, says in it: the config of a container
// whose limits were changed. Members that say nothing (0, "", null, ...) change nothing; an entry of a list about devices takes
// the place of the one about the same device, but the rules of `devices` are replaced as a whole. A memory without a limit has
// no limit with swap either, unless `update` has one.
std::string with_resources(std::string_view config, std::string_view update);

}  // namespace crumb::oci
