// What systemd is asked for: names of units and slices, linux.resources as properties, annotations as properties.
#include <gmock/gmock.h>

#include "config_case.h"
#include "plan/compile.h"
#include "plan/systemd.h"

namespace crumb::plan {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::string text_of(const SystemdProperty& property) {
  std::string text = fmt::format("{} {}", property.name, property.signature);
  for (const std::string& value : property.values) text += " " + value;
  return text + (property.since == 0 ? "" : fmt::format(" since {}", property.since));
}

std::vector<std::string> texts(const std::vector<SystemdProperty>& properties) {
  std::vector<std::string> result;
  for (const SystemdProperty& property : properties) result.push_back(text_of(property));
  return result;
}

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string name_of(std::string_view path, const std::string& id = "web", bool user = false) {
  const ScopeName name = scope_name(path, id, user);
  return name.slice + " " + name.unit;
}

constexpr bool kV1 = false, kV2 = true;

std::vector<std::string> limits(bool v2, const std::string& resources) {
  const oci::Resources parsed = oci::parse_resources(resources, "update");
  std::vector<SystemdProperty> properties;
  add_resource_properties({.resources = parsed, .prefix = "", .v2 = v2}, "update", properties);
  return texts(properties);
}

std::vector<std::string> devices(bool v2, const std::string& rules) {
  const oci::Resources parsed = oci::parse_resources(fmt::format(R"({{"devices": {}}})", rules), "update");
  std::vector<SystemdProperty> properties;
  add_device_properties({.resources = parsed, .prefix = "", .v2 = v2}, properties);
  return texts(properties);
}

std::string allowed(bool v2, const std::string& rules) { return devices(v2, rules).back(); }

std::string annotated(std::string_view name, std::string_view value) { return text_of(annotated_property(name, value)); }

std::string refusal(std::string_view name, std::string_view value) {
  return message_of([&] { annotated_property(name, value); });
}

TEST(SystemdNames, AreThoseOfThePath) {
  EXPECT_EQ(name_of("machine.slice:libpod:0123"), "machine.slice libpod-0123.scope");
  EXPECT_EQ(name_of("machine.slice::web"), "machine.slice web.scope");
}

TEST(SystemdNames, ASliceThatIsNotSaidIsTheSystemsOrTheUsers) {
  EXPECT_EQ(name_of(":cri:web"), "system.slice cri-web.scope");
  EXPECT_EQ(name_of(":cri:web", "id", true), "user.slice cri-web.scope");
}

TEST(SystemdNames, WithoutAPathTheContainersIdIsTheName) {
  EXPECT_EQ(name_of(""), "system.slice crumb-web.scope");
  EXPECT_EQ(name_of("", "a+b"), "system.slice crumb-a\\x2bb.scope");
}

TEST(SystemdNames, OfAnotherFormAreRefused) {
  const auto refused = [](std::string_view path) { return message_of([&] { scope_name(path, "web", false); }); };
  EXPECT_EQ(refused("/crumb/web"), "\"/crumb/web\" is not of the form \"slice:prefix:name\"");
  EXPECT_EQ(refused("a.slice:b:c:d"), "\"a.slice:b:c:d\" is not of the form \"slice:prefix:name\"");
  EXPECT_EQ(refused("a.slice:b:"), "\"a.slice:b:\" has no name");
  EXPECT_EQ(refused("a.slice:b:c.slice"), "\"c.slice\" is the name of a slice, and a container is a scope");
  EXPECT_EQ(refused("a.slice:b:../c"), "\"b-../c.scope\" is no name of a unit: letters, digits and : - _ . \\ @ may be used");
  EXPECT_EQ(refused("../a.slice:b:c"), "\"../a.slice\" is no name of a unit: letters, digits and : - _ . \\ @ may be used");
  EXPECT_EQ(refused("a:b:c"), "\"a\" is no name of a slice");
  EXPECT_THAT(refused("a.slice:b:" + std::string(300, 'x')), ::testing::EndsWith(": 308 characters, and 255 are the most"));
}

TEST(SystemdSlices, WithDashesAreBelowTheOnesThatTheyName) {
  EXPECT_EQ(slice_path("system.slice"), "/system.slice");
  EXPECT_EQ(slice_path("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  EXPECT_EQ(slice_path("-.slice"), "") << "the root";
}

TEST(SystemdSlices, WithEmptyPartsAreRefused) {
  for (const char* const slice : {".slice", "-a.slice", "a-.slice", "a--b.slice", "a.scope", ""})
    EXPECT_EQ(message_of([&] { slice_path(slice); }), fmt::format("\"{}\" is no name of a slice", slice));
}

TEST(SystemdLimits, OfMemory) {
  const char* const memory = R"({"memory": {"limit": 10, "swap": 30, "reservation": 5}})";
  EXPECT_THAT(limits(kV2, memory), ElementsAre("MemoryMax t 10", "MemorySwapMax t 20", "MemoryLow t 5"));
  EXPECT_THAT(limits(kV1, memory), ElementsAre("MemoryLimit t 10"));
  EXPECT_THAT(limits(kV2, R"({"memory": {"limit": -1, "swap": -1}})"),
              ElementsAre("MemoryMax t 18446744073709551615", "MemorySwapMax t 18446744073709551615"));
}

TEST(SystemdLimits, OfCpuTimeAreRoundedUpToWhatSystemdKnows) {
  EXPECT_THAT(limits(kV2, R"({"cpu": {"quota": 12345, "period": 100000}})"),
              ElementsAre("CPUQuotaPeriodUSec t 100000 since 242", "CPUQuotaPerSecUSec t 130000"));
  EXPECT_THAT(limits(kV1, R"({"cpu": {"quota": 50000}})"), ElementsAre("CPUQuotaPerSecUSec t 500000"));
  EXPECT_THAT(limits(kV2, R"({"cpu": {"quota": -1}})"), ElementsAre("CPUQuotaPerSecUSec t 18446744073709551615"));
  EXPECT_THAT(limits(kV2, R"({"cpu": {"period": 50000}})"),
              ElementsAre("CPUQuotaPeriodUSec t 50000 since 242", "CPUQuotaPerSecUSec t 18446744073709551615"));
}

TEST(SystemdLimits, OfCpuWeight) {
  EXPECT_THAT(limits(kV2, R"({"cpu": {"shares": 1024}})"), ElementsAre("CPUWeight t 100"));
  EXPECT_THAT(limits(kV1, R"({"cpu": {"shares": 1024}})"), ElementsAre("CPUShares t 1024"));
  EXPECT_THAT(limits(kV2, R"({"cpu": {"shares": 1024, "idle": 1}})"), ElementsAre("CPUWeight t 0 since 252"));
}

TEST(SystemdLimits, OfCpusAreBits) {
  EXPECT_THAT(limits(kV2, R"({"cpu": {"cpus": "0-3,9", "mems": "0"}})"),
              ElementsAre("AllowedCPUs ay 15 2 since 244", "AllowedMemoryNodes ay 1 since 244"));
  EXPECT_THAT(limits(kV1, R"({"cpu": {"cpus": "0-3"}})"), IsEmpty()) << "systemd leaves v1's cpusets alone";
  EXPECT_EQ(message_of([] { limits(kV2, R"({"cpu": {"cpus": "3-x"}})"); }),
            "update: cpu.cpus: \"3-x\" is no list of numbers below 8192, as \"0-3,7\"");
}

TEST(SystemdLimits, OfBlockIo) {
  const char* const io = R"({"blockIO": {"weight": 1000, "weightDevice": [{"major": 8, "minor": 0, "weight": 10}],
    "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 5}, {"major": 8, "minor": 16, "rate": 0}],
    "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 7}]}})";
  EXPECT_THAT(limits(kV2, io), ElementsAre("IOWeight t 10000", "IODeviceWeight a(st) /dev/block/8:0 1",
                                           "IOReadBandwidthMax a(st) /dev/block/8:0 5 /dev/block/8:16 18446744073709551615",
                                           "IOWriteIOPSMax a(st) /dev/block/8:0 7"));
  EXPECT_THAT(limits(kV1, io), ElementsAre("BlockIOWeight t 1000", "BlockIODeviceWeight a(st) /dev/block/8:0 10",
                                           "BlockIOReadBandwidth a(st) /dev/block/8:0 5 /dev/block/8:16 18446744073709551615"));
}

TEST(SystemdLimits, OfProcesses) {
  EXPECT_THAT(limits(kV2, R"({"pids": {"limit": 7}})"), ElementsAre("TasksMax t 7"));
  EXPECT_THAT(limits(kV1, R"({"pids": {"limit": -1}})"), ElementsAre("TasksMax t 18446744073709551615"));
}

TEST(SystemdLimits, OfUnifiedFilesThatSystemdKnows) {
  EXPECT_THAT(
      limits(kV2, R"({"unified": {"memory.high": "2M", "memory.min": "4096\n", "memory.swap.max": "max", "pids.max": "9",
                            "cpu.weight": "50", "cpu.max": "20000 100000", "cpuset.cpus": "1", "hugetlb.2MB.max": "0"}})"),
      ElementsAre("CPUQuotaPeriodUSec t 100000 since 242", "CPUQuotaPerSecUSec t 200000", "CPUWeight t 50",
                  "AllowedCPUs ay 2 since 244", "MemoryHigh t 2097152", "MemoryMin t 4096",
                  "MemorySwapMax t 18446744073709551615", "TasksMax t 9"));
  EXPECT_THAT(limits(kV2, R"({"unified": {"cpu.max": "max", "cpu.idle": "1"}})"),
              ElementsAre("CPUWeight t 0 since 252", "CPUQuotaPerSecUSec t 18446744073709551615"));
}

TEST(SystemdLimits, OfUnifiedFilesThatAreNoNumbersAreRefused) {
  const auto refused = [](const char* file, const char* value) {
    return message_of([&] { limits(kV2, fmt::format(R"({{"unified": {{"{}": "{}"}}}})", file, value)); });
  };
  EXPECT_EQ(refused("memory.high", "much"), "update: unified[\"memory.high\"]: \"much\" is neither a number nor \"max\"");
  EXPECT_EQ(refused("memory.high", "99999999999G"),
            "update: unified[\"memory.high\"]: \"99999999999G\" is neither a number nor \"max\"");
  EXPECT_EQ(refused("pids.max", "1K"), "update: unified[\"pids.max\"]: \"1K\" is neither a number nor \"max\"");
  EXPECT_EQ(refused("cpu.max", "1 x"), "update: unified[\"cpu.max\"]: \"1 x\" is no quota and period, as in \"50000 100000\"");
}

TEST(SystemdDevices, AreThoseThatEveryContainerHas) {
  EXPECT_THAT(devices(kV2, "[]"),
              ElementsAre("DevicePolicy s strict", "DeviceAllow a(ss)",
                          "DeviceAllow a(ss) char-* m block-* m /dev/char/1:3 rwm /dev/char/1:8 rwm /dev/char/1:7 rwm "
                          "/dev/char/5:0 rwm /dev/char/1:5 rwm /dev/char/1:9 rwm /dev/char/5:2 rwm char-136 rwm "
                          "/dev/char/10:200 rwm"));
}

TEST(SystemdDevices, WhenAllAreAllowedHaveNoList) {
  EXPECT_THAT(devices(kV2, R"([{"allow": true, "access": "rwm"}])"), ElementsAre("DevicePolicy s auto", "DeviceAllow a(ss)"));
}

TEST(SystemdDevices, ThatAreDeniedAgainAreNotListed) {
  const char* const rules = R"([{"allow": true, "type": "b", "major": 8, "minor": 0, "access": "rw"},
                                {"allow": false, "type": "b", "major": 8, "access": "w"}])";
  EXPECT_THAT(allowed(kV2, rules), ::testing::HasSubstr(" /dev/block/8:0 r "));
}

TEST(SystemdDevices, OfEveryMajorAreAllOnVersion2AndNoneOnVersion1) {
  const char* const rules = R"([{"allow": true, "type": "c", "minor": 77, "access": "r"}])";
  EXPECT_THAT(allowed(kV2, rules), ::testing::HasSubstr("char-* r "));
  EXPECT_THAT(allowed(kV1, rules), Not(::testing::HasSubstr("char-* r")));
}

TEST(SystemdAnnotations, HaveTheTypesOfTheirValues) {
  EXPECT_EQ(annotated("CollectMode", "'inactive-or-failed'"), "CollectMode s inactive-or-failed");
  EXPECT_EQ(annotated("CollectMode", "\"a\\\"\\n\\u00e9\""), "CollectMode s a\"\n\xc3\xa9");
  EXPECT_EQ(annotated("DefaultDependencies", "true"), "DefaultDependencies b true");
  EXPECT_EQ(annotated("Limit", "-5"), "Limit i -5");
  EXPECT_EQ(annotated("Limit", "0x10"), "Limit i 16");
  EXPECT_EQ(annotated("Ratio", "1.5"), "Ratio d 1.5");
  EXPECT_EQ(annotated("MemoryMax", "uint64 18446744073709551615"), "MemoryMax t 18446744073709551615");
  EXPECT_EQ(annotated("MemoryMax", "@t 5"), "MemoryMax t 5");
  EXPECT_EQ(annotated("After", "['a.service', 'b.service']"), "After as a.service b.service");
  EXPECT_EQ(annotated("After", " @as [ ] "), "After as");
  EXPECT_EQ(annotated("Some", "@au [1, 2]"), "Some au 1 2");
  EXPECT_EQ(annotated("Path", "objectpath '/a'"), "Path o /a");
  EXPECT_EQ(annotated("AllowedCPUs", "[byte 0x03, 0x10]"), "AllowedCPUs ay 3 16");
  EXPECT_EQ(annotated("AllowedCPUs", "[byte 3, byte 1]"), "AllowedCPUs ay 3 1");
  EXPECT_EQ(annotated("AllowedCPUs", "b'\\003A\\n\\xff'"), "AllowedCPUs ay 3 65 10 255 0");
  EXPECT_EQ(annotated("AllowedCPUs", "@ay b\"\""), "AllowedCPUs ay 0");
}

TEST(SystemdAnnotations, OfSecondsAreToldInMicroseconds) {
  EXPECT_EQ(annotated("TimeoutStopSec", "90"), "TimeoutStopUSec t 90000000");
  EXPECT_EQ(annotated("TimeoutStopSec", "1.5"), "TimeoutStopUSec t 1500000");
  EXPECT_EQ(annotated("TimeoutStopSec", "uint64 2"), "TimeoutStopUSec t 2000000");
  EXPECT_EQ(annotated("TimeoutStopUSec", "uint64 2"), "TimeoutStopUSec t 2");
}

TEST(SystemdAnnotations, ThatAreNotToBeHadSayWhy) {
  EXPECT_EQ(refusal("Memory_Max", "1"), "\"Memory_Max\" is no name of a property");
  EXPECT_EQ(refusal("A", "1"), "\"A\" is no name of a property");
  EXPECT_EQ(refusal("Name", ""), "a value is missing");
  EXPECT_EQ(refusal("Name", "word"), "\"word\" is no value: strings stand in quotes");
  EXPECT_EQ(refusal("Name", "'open"), "a string has no end");
  EXPECT_EQ(refusal("Name", "'open\\"), "a string has no end");
  EXPECT_EQ(refusal("Name", "'\\ud800'"), "\"d800\" is no character's number");
  EXPECT_EQ(refusal("Name", "1 2"), "\"2\" is left over behind the value");
  EXPECT_EQ(refusal("Name", "2147483648"), "\"2147483648\" is not of the type \"i\"");
  EXPECT_EQ(refusal("Name", "uint64 -1"), "\"-1\" is not of the type \"t\"");
  EXPECT_EQ(refusal("Name", "byte 256"), "\"256\" is not of the type \"y\"");
  EXPECT_EQ(refusal("Name", "boolean 1"), "\"1\" is not of the type \"b\"");
  EXPECT_EQ(refusal("Name", "[byte 1, uint16 2]"), "an item of the type \"q\" is in an array of \"y\"");
  EXPECT_EQ(refusal("Name", "[byte 1, 256]"), "\"256\" is not of the type \"y\"");
  EXPECT_EQ(refusal("Name", "['a', byte 2]"), "an item of the type \"y\" is in an array of \"s\"");
  EXPECT_EQ(refusal("Name", "@as b'a'"), "a string of bytes is no \"as\"");
  EXPECT_EQ(refusal("Name", "b'a"), "a string has no end");
  EXPECT_EQ(refusal("Name", "[]"), "an empty array needs a type, as in \"@as []\"");
  EXPECT_EQ(refusal("Name", "['a', 1]"), "\"1\" is not of the type \"s\"");
  EXPECT_EQ(refusal("Name", "['a' 'b']"), "\",\" or \"]\" is missing behind an item of the array");
  EXPECT_EQ(refusal("Name", "@as 'a'"), "an array of type \"as\" begins with \"[\"");
  EXPECT_EQ(refusal("Name", "@s ['a']"), "an array is no \"s\"");
  EXPECT_EQ(refusal("Name", "@a{sv} {}"), "the type \"a{sv}\" is neither a basic one nor an array of them");
  EXPECT_EQ(refusal("Name", "{'a': 1}"), "a value is missing at \"{'a': 1}\"");
  EXPECT_EQ(refusal("TimeoutSec", "'5'"), "it is not a number of seconds");
  EXPECT_EQ(refusal("TimeoutSec", "-5"), "-5 s is negative");
  EXPECT_EQ(refusal("TimeoutSec", "uint64 18446744073709551615"), "18446744073709551615 s is too much");
}

TEST(SystemdUpdate, TellsWhatChangesAndWhatTheKernelOnlyTakesTogether) {
  const Host host =
      compile_update(oci::parse_resources(R"({"memory": {"swap": 50}})", "update"),
                     oci::parse_resources(R"({"memory": {"limit": 20, "swap": 50}, "pids": {"limit": 5}})", "all"),
                     {{"/sys/fs/cgroup", "/x.scope", {"memory", "pids"}, true, true}}, "update", "x.scope");
  ASSERT_TRUE(host.scope);
  EXPECT_EQ(host.scope->unit, "x.scope");
  EXPECT_THAT(texts(host.scope->properties), ElementsAre("MemoryMax t 20", "MemorySwapMax t 30"));
}

TEST(SystemdUpdate, OfDevicesTellsAllOfThem) {
  const oci::Resources resources = oci::parse_resources(R"({"devices": [{"allow": false}]})", "update");
  const Host host =
      compile_update(resources, resources, {{"/sys/fs/cgroup", "/x.scope", {"memory"}, true, true}}, "update", "x.scope");
  EXPECT_THAT(texts(host.scope->properties), Contains("DevicePolicy s strict"));
}

}  // namespace
}  // namespace crumb::plan
