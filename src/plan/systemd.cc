// linux.resources as properties of a unit.
#include "plan/systemd.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

#include "plan/conversions.h"
#include "support/lines.h"
#include "support/text.h"

namespace crumb::plan {
namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kDefaultPeriod = 100000;  // microseconds, the kernel's own

constexpr std::string_view kSliceSuffix = ".slice";

bool is_of_unit_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

void check_unit_name(std::string_view unit) {
  constexpr std::size_t kLongest = 255;
  if (unit.size() > kLongest) throw fail("unit {}: {} characters, and {} are the most", quote(unit), unit.size(), kLongest);
  if (std::ranges::all_of(unit, is_of_unit_name)) return;
  throw fail("{} is no name of a unit: letters, digits and : - _ . \\ @ may be used", quote(unit));
}

// What an id may hold and a unit's name may not.
std::string escaped(const std::string& id) {
  std::string name;
  for (const char c : id) name += c == '+' ? "\\x2b" : std::string(1, c);
  return name;
}

std::uint64_t amount(std::int64_t value) { return value < 0 ? kInfinity : static_cast<std::uint64_t>(value); }

// A number that ends `text`, and of bytes K, M and so on, as the kernel reads them; "max" is infinity.
std::optional<std::uint64_t> kernel_number(std::string_view text, bool bytes) {
  if (text == "max") return kInfinity;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return value;
  constexpr std::string_view kUnits = "KMGTPE";
  const std::size_t power = kUnits.find(unit[0] >= 'a' ? static_cast<char>(unit[0] - 'a' + 'A') : unit[0]);
  if (!bytes || unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  const std::size_t shift = 10 * (power + 1);
  return value > (kInfinity >> shift) ? std::optional<std::uint64_t>() : value << shift;
}

class Properties {
 public:
  Properties(const LimitsInput& input, std::string document, std::vector<SystemdProperty>& out)
      : input_(input), document_(std::move(document)), out_(out), resources_(input.resources), v2_(input.v2) {}

  void add_memory();
  void add_cpu();
  void add_block_io();
  void add_pids();
  void add_unified();
  void add_devices();

 private:
  Error error(std::string_view member, std::string_view reason) const {
    return fail("{}: {}{}: {}", document_, input_.prefix, member, reason);
  }
  void add(std::string name, std::uint64_t value, std::uint32_t since = 0) {
    out_.push_back({std::move(name), "t", {fmt::to_string(value)}, since});
  }
  void add_weight(std::uint64_t weight) { add("CPUWeight", weight, weight == 0 ? kIdleSince : 0); }
  void add_quota(std::optional<std::int64_t> quota, std::optional<std::uint64_t> period);
  void add_set(std::string name, std::string_view list, std::string_view member);
  void add_throttles(std::string name, const std::vector<oci::ThrottleDevice>& throttles);
  void add_unified(const std::string& file, std::string_view value, std::string_view place);
  void add_bandwidth(std::string_view value, std::string_view place);

  static constexpr std::uint32_t kIdleSince = 252, kPeriodSince = 242, kSetsSince = 244;

  const LimitsInput& input_;
  const std::string document_;
  std::vector<SystemdProperty>& out_;
  const oci::Resources& resources_;
  const bool v2_;
};

void Properties::add_memory() {
  const oci::Memory& memory = resources_.memory;
  if (memory.limit) add(v2_ ? "MemoryMax" : "MemoryLimit", amount(*memory.limit));
  if (!v2_) return;
  if (memory.swap) add("MemorySwapMax", *memory.swap < 0 ? kInfinity : amount(*memory.swap - memory.limit.value_or(0)));
  if (memory.reservation) add("MemoryLow", amount(*memory.reservation));
}

// As systemd divides it: CPU time per second, in steps of 10 ms, rounded up.
void Properties::add_quota(std::optional<std::int64_t> quota, std::optional<std::uint64_t> period) {
  constexpr std::uint64_t kSecond = 1000000, kStep = 10000;
  if (!quota && !period) return;
  if (period) add("CPUQuotaPeriodUSec", *period, kPeriodSince);
  std::uint64_t per_second = kInfinity;
  if (quota && *quota > 0 && static_cast<std::uint64_t>(*quota) < kInfinity / kSecond) {
    per_second = static_cast<std::uint64_t>(*quota) * kSecond / std::max<std::uint64_t>(period.value_or(kDefaultPeriod), 1);
    per_second = (per_second + kStep - 1) / kStep * kStep;
  }
  add("CPUQuotaPerSecUSec", per_second);
}

// A bit for each CPU or node, the first in the lowest bit of the first byte. v1's cpusets are not systemd's business.
void Properties::add_set(std::string name, std::string_view list, std::string_view member) {
  constexpr std::uint32_t kMost = 8192;
  if (list.empty()) return;
  const std::optional<oci::BitSet> bits = oci::bits_of(list, kMost);
  if (!bits) throw error(member, fmt::format("{} is no list of numbers below {}, as \"0-3,7\"", quote(list), kMost));
  SystemdProperty property{std::move(name), "ay", {}, kSetsSince};
  for (const std::uint64_t word : *bits)
    for (unsigned shift = 0; shift < 64; shift += 8) property.values.push_back(fmt::to_string(word >> shift & 0xff));
  while (!property.values.empty() && property.values.back() == "0") property.values.pop_back();
  out_.push_back(std::move(property));
}

void Properties::add_cpu() {
  const oci::Cpu& cpu = resources_.cpu;
  if (v2_ && cpu.idle.value_or(0) != 0)
    add_weight(0);
  else if (cpu.shares && v2_)
    add_weight(weight_of_shares(*cpu.shares));
  else if (cpu.shares)
    add("CPUShares", *cpu.shares);
  add_quota(cpu.quota, cpu.period);
  if (!v2_) return;
  add_set("AllowedCPUs", cpu.cpus, "cpu.cpus");
  add_set("AllowedMemoryNodes", cpu.mems, "cpu.mems");
}

template <class Device>
std::string block_device(const Device& device) {
  return fmt::format("/dev/block/{}:{}", device.major, device.minor);
}

void Properties::add_throttles(std::string name, const std::vector<oci::ThrottleDevice>& throttles) {
  if (throttles.empty()) return;
  SystemdProperty property{std::move(name), "a(st)", {}};
  for (const oci::ThrottleDevice& throttle : throttles) {
    property.values.push_back(block_device(throttle));
    property.values.push_back(fmt::to_string(throttle.rate == 0 ? kInfinity : throttle.rate));
  }
  out_.push_back(std::move(property));
}

void Properties::add_block_io() {
  const oci::BlockIo& io = resources_.block_io;
  if (io.weight) add(v2_ ? "IOWeight" : "BlockIOWeight", v2_ ? io_weight(*io.weight) : *io.weight);
  SystemdProperty weights{v2_ ? "IODeviceWeight" : "BlockIODeviceWeight", "a(st)", {}};
  for (const oci::WeightDevice& device : io.weight_devices) {
    if (!device.weight) continue;
    weights.values.push_back(block_device(device));
    weights.values.push_back(fmt::to_string(v2_ ? io_weight(*device.weight) : *device.weight));
  }
  if (!weights.values.empty()) out_.push_back(std::move(weights));
  add_throttles(v2_ ? "IOReadBandwidthMax" : "BlockIOReadBandwidth", io.read_bytes);
  add_throttles(v2_ ? "IOWriteBandwidthMax" : "BlockIOWriteBandwidth", io.write_bytes);
  if (!v2_) return;
  add_throttles("IOReadIOPSMax", io.read_operations);
  add_throttles("IOWriteIOPSMax", io.write_operations);
}

void Properties::add_pids() {
  if (resources_.pids_limit) add("TasksMax", *resources_.pids_limit > 0 ? amount(*resources_.pids_limit) : kInfinity);
}

// "50000 100000", "max 100000" or "50000"
void Properties::add_bandwidth(std::string_view value, std::string_view place) {
  const std::size_t blank = value.find(' ');
  const std::optional<std::uint64_t> quota = kernel_number(value.substr(0, blank), false);
  std::optional<std::uint64_t> period;
  if (blank != std::string_view::npos) period = kernel_number(trimmed(value.substr(blank)), false);
  if (!quota || (blank != std::string_view::npos && !period))
    throw error(place, fmt::format("{} is no quota and period, as in \"50000 100000\"", quote(value)));
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  add_quota(*quota > kMost ? std::int64_t{-1} : static_cast<std::int64_t>(*quota), period);
}

struct UnifiedFile {
  std::string_view file, property;
  bool bytes = false;
};
constexpr UnifiedFile kUnifiedFiles[] = {{"cpu.weight", "CPUWeight"},       {"memory.high", "MemoryHigh", true},
                                         {"memory.low", "MemoryLow", true}, {"memory.max", "MemoryMax", true},
                                         {"memory.min", "MemoryMin", true}, {"memory.swap.max", "MemorySwapMax", true},
                                         {"pids.max", "TasksMax"}};

void Properties::add_unified(const std::string& file, std::string_view value, std::string_view place) {
  if (file == "cpuset.cpus") return add_set("AllowedCPUs", value, place);
  if (file == "cpuset.mems") return add_set("AllowedMemoryNodes", value, place);
  if (file == "cpu.max") return add_bandwidth(value, place);
  if (file == "cpu.idle") return value == "1" ? add_weight(0) : void();
  for (const UnifiedFile& known : kUnifiedFiles) {
    if (known.file != file) continue;
    const std::optional<std::uint64_t> number = kernel_number(value, known.bytes);
    if (!number) throw error(place, fmt::format("{} is neither a number nor \"max\"", quote(value)));
    add(std::string(known.property), *number);
  }
}

// Last, so that they win.
void Properties::add_unified() {
  for (const auto& [file, value] : resources_.unified)
    if (v2_) add_unified(file, trimmed(value), fmt::format("unified[\"{}\"]", file));
}

using Exceptions = std::vector<oci::DeviceRule>;

bool covers(const oci::DeviceRule& wide, const oci::DeviceRule& narrow) {
  return wide.type == narrow.type && (!wide.major || wide.major == narrow.major) && (!wide.minor || wide.minor == narrow.minor);
}

void allow(const oci::DeviceRule& rule, Exceptions& exceptions) {
  for (oci::DeviceRule& known : exceptions) {
    if (std::tie(known.type, known.major, known.minor) != std::tie(rule.type, rule.major, rule.minor)) continue;
    for (const char right : rule.access)
      if (known.access.find(right) == std::string::npos) known.access += right;
    return;
  }
  exceptions.push_back(rule);
}

void deny(const oci::DeviceRule& rule, Exceptions& exceptions) {
  for (oci::DeviceRule& known : exceptions)
    if (covers(rule, known))
      std::erase_if(known.access, [&](char right) { return rule.access.find(right) != std::string::npos; });
  std::erase_if(exceptions, [](const oci::DeviceRule& known) { return known.access.empty(); });
}

// systemd knows exceptions from a denial only. A denial of a part of what was allowed before is lost here; the filter that
// crumb attaches itself has it (v2), or there is none (v1, where the kernel would ignore it).
Exceptions exceptions_of(const std::vector<oci::DeviceRule>& rules) {
  Exceptions exceptions;
  for (const oci::DeviceRule& rule : rules)
    for (const char type : {'b', 'c'}) {
      if (rule.type != 'a' && rule.type != type) continue;
      oci::DeviceRule one = rule;
      one.type = type;
      rule.allow ? allow(one, exceptions) : deny(one, exceptions);
    }
  return exceptions;
}

// systemd's list cannot say "every major with this minor": v2's may be wider, as the filter counts, v1's may not.
void Properties::add_devices() {
  const std::vector<oci::DeviceRule> rules = device_rules(input_);
  const bool all = rules.front().is_reset() && rules.front().allow;
  out_.push_back({"DevicePolicy", "s", {all ? "auto" : "strict"}});
  out_.push_back({"DeviceAllow", "a(ss)", {}});  // an empty one takes away what was there
  if (all) return;
  SystemdProperty allowed{"DeviceAllow", "a(ss)", {}};
  for (const oci::DeviceRule& rule : exceptions_of(rules)) {
    if (!rule.major && rule.minor && !v2_) continue;
    const char* const kind = rule.type == 'b' ? "block" : "char";
    std::string device = fmt::format("{}-*", kind);
    if (rule.major) device = fmt::format("{}-{}", kind, *rule.major);
    if (rule.major && rule.minor) device = fmt::format("/dev/{}/{}:{}", kind, *rule.major, *rule.minor);
    allowed.values.push_back(std::move(device));
    allowed.values.push_back(rule.access);
  }
  out_.push_back(std::move(allowed));
}

}  // namespace

ScopeName scope_name(std::string_view cgroups_path, const std::string& id, bool user) {
  const std::string usual = user ? "user.slice" : "system.slice";
  if (cgroups_path.empty()) {
    ScopeName own{usual, fmt::format("crumb-{}.scope", escaped(id))};
    check_unit_name(own.unit);
    return own;
  }
  const std::vector<std::string_view> parts = split(cgroups_path, ':');
  if (parts.size() != 3) throw fail("{} is not of the form \"slice:prefix:name\"", quote(cgroups_path));
  const std::string_view slice = parts[0], prefix = parts[1], name = parts[2];
  if (name.empty()) throw fail("{} has no name", quote(cgroups_path));
  if (name.ends_with(kSliceSuffix)) throw fail("{} is the name of a slice, and a container is a scope", quote(name));
  ScopeName result{slice.empty() ? usual : std::string(slice),
                   fmt::format("{}{}{}.scope", prefix, prefix.empty() ? "" : "-", name)};
  check_unit_name(result.unit);
  slice_path(result.slice);
  return result;
}

std::string slice_path(std::string_view slice) {
  const auto error = [&] { return fail("{} is no name of a slice", quote(slice)); };
  if (!slice.ends_with(kSliceSuffix)) throw error();
  const std::string_view name = slice.substr(0, slice.size() - kSliceSuffix.size());
  if (name == "-") return "";
  check_unit_name(slice);
  std::string path, above;
  for (const std::string_view part : split(name, '-')) {
    if (part.empty()) throw error();
    above.append(above.empty() ? "" : "-").append(part);
    path.append("/").append(above).append(kSliceSuffix);
  }
  return path;
}

void add_resource_properties(const LimitsInput& input, const std::string& document, std::vector<SystemdProperty>& properties) {
  Properties all(input, document, properties);
  all.add_memory();
  all.add_cpu();
  all.add_block_io();
  all.add_pids();
  all.add_unified();
}

void add_device_properties(const LimitsInput& input, std::vector<SystemdProperty>& properties) {
  Properties(input, "", properties).add_devices();
}

}  // namespace crumb::plan
