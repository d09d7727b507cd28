// linux.resources. A number that is 0 counts as not set where 0 could not be meant: Go's callers write it so.
#include "oci/resources.h"

#include <algorithm>

#include "oci/parse.h"

namespace crumb::oci {
namespace {

constexpr std::int64_t kUnlimited = -1;
constexpr std::uint64_t kLargestSwappiness = 100;
constexpr std::uint64_t kFewestShares = 2, kMostShares = 262144;  // the kernel's MIN_SHARES and MAX_SHARES
constexpr std::uint64_t kLeastWeight = 10, kMostWeight = 1000;    // config-linux.md, Block IO
constexpr std::uint64_t kLargest32 = 0xffffffff;

std::optional<std::int64_t> find_amount(const json::Cursor& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::int64_t amount = member->integer(kUnlimited);
  return amount == 0 ? std::nullopt : std::optional(amount);
}

std::optional<std::uint64_t> find_natural(const json::Cursor& object, std::string_view key,
                                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::uint64_t number = member->natural(most);
  return number == 0 ? std::nullopt : std::optional(number);
}

// 0 is not set, everything else from `least` to `most`.
std::optional<std::uint64_t> find_in_range(const json::Cursor& object, std::string_view key, std::uint64_t least,
                                           std::uint64_t most) {
  const std::optional<std::uint64_t> number = find_natural(object, key);
  if (number && (*number < least || *number > most))
    throw object.error_at(key, fmt::format("{} is not between {} and {}", *number, least, most));
  return number;
}

// useHierarchy: the kernel always does since 5.11.
Memory parse_memory(const json::Cursor& object) {
  Memory memory;
  memory.limit = find_amount(object, "limit");
  memory.reservation = find_amount(object, "reservation");
  memory.swap = find_amount(object, "swap");
  memory.kernel = find_amount(object, "kernel");
  memory.kernel_tcp = find_amount(object, "kernelTCP");
  if (const auto swappiness = object.find("swappiness")) memory.swappiness = swappiness->natural(kLargestSwappiness);
  if (const auto disable = object.find("disableOOMKiller")) memory.disable_oom_killer = disable->boolean();
  if (const auto use = object.find("useHierarchy")) use->boolean();
  if (const auto check = object.find("checkBeforeUpdate")) memory.check_before_update = check->boolean();
  return memory;
}

Cpu parse_cpu(const json::Cursor& object) {
  Cpu cpu;
  cpu.shares = find_in_range(object, "shares", kFewestShares, kMostShares);
  cpu.period = find_natural(object, "period");
  cpu.quota = find_amount(object, "quota");
  if (const auto burst = object.find("burst")) cpu.burst = burst->natural();
  cpu.realtime_runtime = find_amount(object, "realtimeRuntime");
  cpu.realtime_period = find_natural(object, "realtimePeriod");
  if (const auto idle = object.find("idle")) cpu.idle = idle->integer(0, 1);
  if (const auto cpus = object.find("cpus")) cpu.cpus = cpus->string();
  if (const auto mems = object.find("mems")) cpu.mems = mems->string();
  return cpu;
}

std::vector<ThrottleDevice> parse_throttles(const json::Cursor& object, std::string_view key) {
  std::vector<ThrottleDevice> throttles;
  const auto list = object.find(key);
  if (!list) return throttles;
  for (const json::Cursor& item : list->items())
    throttles.push_back(
        {item.at("major").natural(kLargest32), item.at("minor").natural(kLargest32), item.at("rate").natural()});
  return throttles;
}

WeightDevice parse_weight_device(const json::Cursor& object) {
  return {object.at("major").natural(kLargest32), object.at("minor").natural(kLargest32),
          find_in_range(object, "weight", kLeastWeight, kMostWeight),
          find_in_range(object, "leafWeight", kLeastWeight, kMostWeight)};
}

BlockIo parse_block_io(const json::Cursor& object) {
  BlockIo io;
  io.weight = find_in_range(object, "weight", kLeastWeight, kMostWeight);
  io.leaf_weight = find_in_range(object, "leafWeight", kLeastWeight, kMostWeight);
  if (const auto list = object.find("weightDevice"))
    for (const json::Cursor& item : list->items()) io.weight_devices.push_back(parse_weight_device(item));
  io.read_bytes = parse_throttles(object, "throttleReadBpsDevice");
  io.write_bytes = parse_throttles(object, "throttleWriteBpsDevice");
  io.read_operations = parse_throttles(object, "throttleReadIOPSDevice");
  io.write_operations = parse_throttles(object, "throttleWriteIOPSDevice");
  return io;
}

// "2MB": as the kernel's files are named.
std::string parse_page_size(const json::Cursor& size) {
  const std::string word = size.string();
  const std::size_t digits = word.find_first_not_of("0123456789");
  const std::string unit = digits == 0 || digits == std::string::npos ? "" : word.substr(digits);
  if (word.starts_with('0') || (unit != "KB" && unit != "MB" && unit != "GB"))
    throw size.error(fmt::format("\"{}\" is no size of pages, as \"64KB\", \"2MB\" or \"1GB\"", word));
  return word;
}

// Names become a word of a line that the kernel reads.
void check_word(const json::Cursor& place, std::string_view word) {
  if (word.empty() || word.find_first_of(" \t\n") != std::string_view::npos) throw place.error("not a name");
}

Network parse_network(const json::Cursor& object) {
  Network network;
  network.class_id = find_natural(object, "classID", kLargest32);
  const auto list = object.find("priorities");
  if (!list) return network;
  for (const json::Cursor& item : list->items()) {
    const json::Cursor name = item.at("name");
    network.priorities.push_back({name.string(), item.at("priority").natural(kLargest32)});
    check_word(name, network.priorities.back().name);
  }
  return network;
}

std::map<std::string, RdmaLimit> parse_rdma(const json::Cursor& object) {
  std::map<std::string, RdmaLimit> limits;
  for (const auto& [device, value] : object.members()) {
    check_word(value, device);
    RdmaLimit limit;
    if (const auto handles = value.find("hcaHandles")) limit.handles = handles->natural(kLargest32);
    if (const auto objects = value.find("hcaObjects")) limit.objects = objects->natural(kLargest32);
    if (limit.handles || limit.objects) limits.emplace(device, limit);
  }
  return limits;
}

char parse_rule_type(const json::Cursor& type) {
  const std::string word = type.string();
  if (word.empty()) return 'a';
  if (word == "a" || word == "b" || word == "c") return word[0];
  throw type.error(fmt::format("unknown device type \"{}\"", word));
}

std::string parse_access(const json::Cursor& access) {
  std::string letters = access.string();
  if (letters.find_first_not_of("rwm") != std::string::npos)
    throw access.error(fmt::format("\"{}\": only the letters r, w and m have a meaning", letters));
  return letters.empty() ? "rwm" : letters;
}

std::optional<std::uint64_t> find_number(const json::Cursor& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return std::nullopt;
  const std::int64_t number = member->integer(-1, kLargest32);
  return number < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(number));
}

DeviceRule parse_device_rule(const json::Cursor& object) {
  DeviceRule rule;
  if (const auto allow = object.find("allow")) rule.allow = allow->boolean();
  if (const auto type = object.find("type")) rule.type = parse_rule_type(*type);
  rule.major = find_number(object, "major");
  rule.minor = find_number(object, "minor");
  if (const auto access = object.find("access")) rule.access = parse_access(*access);
  return rule;
}

// config-linux.md, Unified: names of files of the container's own cgroup.
std::map<std::string, std::string> parse_unified(const json::Cursor& object) {
  std::map<std::string, std::string> files;
  for (const auto& [key, value] : object.members()) {
    if (key.find('/') != std::string_view::npos || key.find('.') == std::string_view::npos || key.starts_with('.') ||
        key.find('\0') != std::string_view::npos)
      throw value.error("not the name of a cgroup file");
    files.emplace(key, value.string());
  }
  return files;
}

}  // namespace

// An object that says nothing may be of any kind: {} and [] are the same to some callers.
Resources parse_resources(const json::Cursor& object) {
  Resources resources;
  const auto speaking = [&](std::string_view key) {
    const auto member = object.find(key);
    return member && !member->empty() ? member : std::nullopt;
  };
  if (const auto memory = object.find("memory")) resources.memory = parse_memory(*memory);
  if (const auto cpu = object.find("cpu")) resources.cpu = parse_cpu(*cpu);
  if (const auto io = speaking("blockIO")) resources.block_io = parse_block_io(*io);
  if (const auto network = speaking("network")) resources.network = parse_network(*network);
  if (const auto rdma = speaking("rdma")) resources.rdma = parse_rdma(*rdma);
  if (const auto limits = speaking("hugepageLimits"))
    for (const json::Cursor& limit : limits->items())
      resources.hugepage_limits.push_back({parse_page_size(limit.at("pageSize")), limit.at("limit").natural()});
  if (const auto pids = object.find("pids"))
    if (const auto limit = pids->find("limit")) resources.pids_limit = limit->integer(kUnlimited);
  if (const auto unified = object.find("unified")) resources.unified = parse_unified(*unified);
  if (const auto rules = object.find("devices"))
    for (const json::Cursor& rule : rules->items()) resources.device_rules.push_back(parse_device_rule(rule));
  return resources;
}

Resources parse_resources(std::string_view text, const std::string& name) {
  const json::Document document = json::Document::parse(text, name);
  return parse_resources(document.root());
}

}  // namespace crumb::oci
