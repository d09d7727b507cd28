// Every member of config.json that can be wrong, and the one sentence that says so.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "config_case.h"

namespace crumb::oci {
namespace {

struct Refusal {
  const char* pointer;  // what is changed in a valid config
  const char* content;  // to what; "": taken away
  const char* message;  // after "config.json: "
};

class ConfigRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(ConfigRefusals, NameThePlaceAndTheReason) {
  const auto& [pointer, content, message] = GetParam();
  EXPECT_EQ(message_of([&] { parse_with(pointer, content); }), std::string("config.json: ") + message)
      << pointer << " " << content;
}

// clang-format off
constexpr Refusal kTop[] = {
    {"/ociVersion", "", "ociVersion: missing"},
    {"/ociVersion", "1", "ociVersion: expected a string, found a number"},
    {"/ociVersion", "\"2.0.0\"", "ociVersion: \"2.0.0\" is not a 1.x version of the runtime specification"},
    {"/ociVersion", "\"1.0\"", "ociVersion: \"1.0\" is not a 1.x version of the runtime specification"},
    {"/ociVersion", "\"1.0.x\"", "ociVersion: \"1.0.x\" is not a 1.x version of the runtime specification"},
    {"/ociVersion", "\"1.0.0-\"", "ociVersion: \"1.0.0-\" is not a 1.x version of the runtime specification"},
    {"/root", "", "root: missing"},
    {"/root", "[]", "root: expected an object, found an array"},
    {"/root/path", "", "root.path: missing"},
    {"/root/path", "\"\"", "root.path: is empty"},
    {"/root/path", "7", "root.path: expected a string, found a number"},
    {"/root/path", "\"a\\u0000b\"", "root.path: holds a NUL character"},
    {"/root/readonly", "\"yes\"", "root.readonly: expected a boolean, found a string"},
    {"/hostname", "1", "hostname: expected a string, found a number"},
    {"/hostname", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "hostname: longer than 64 bytes"},
    {"/linux/namespaces", "[{\"type\": \"mount\"}]", "hostname: needs a \"uts\" namespace in linux.namespaces"},
    {"/linux", "", "hostname: needs a \"uts\" namespace in linux.namespaces"},
    {"/domainname", "1", "domainname: expected a string, found a number"},
    {"/domainname", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "domainname: longer than 64 bytes"},
    {"/hooks", "[7]", "hooks: expected an object, found an array"},
    {"/hooks", "{\"prestart\": {\"path\": \"/x\"}}", "hooks.prestart: expected an array, found an object"},
    {"/hooks", "{\"createRuntime\": [7]}", "hooks.createRuntime[0]: expected an object, found a number"},
    {"/hooks", "{\"prestart\": [{}]}", "hooks.prestart[0].path: missing"},
    {"/hooks", "{\"createContainer\": [{\"path\": 7}]}", "hooks.createContainer[0].path: expected a string, found a number"},
    {"/hooks", "{\"poststop\": [{\"path\": \"x\"}]}", "hooks.poststop[0].path: \"x\" is not an absolute path"},
    {"/hooks", "{\"startContainer\": [{\"path\": \"/x\", \"args\": \"x\"}]}", "hooks.startContainer[0].args: expected an array, found a string"},
    {"/hooks", "{\"poststart\": [{\"path\": \"/x\", \"args\": [\"x\", 7]}]}", "hooks.poststart[0].args[1]: expected a string, found a number"},
    {"/hooks", "{\"poststart\": [{\"path\": \"/x\", \"env\": {}}]}", "hooks.poststart[0].env: expected an array, found an object"},
    {"/hooks", "{\"poststart\": [{\"path\": \"/x\"}, {\"path\": \"/x\", \"env\": [\"A=1\", \"B\"]}]}", "hooks.poststart[1].env[1]: \"B\" is not NAME=VALUE"},
    {"/hooks", "{\"poststart\": [{\"path\": \"/x\", \"env\": [\"=1\"]}]}", "hooks.poststart[0].env[0]: \"=1\" is not NAME=VALUE"},
    {"/hooks", "{\"prestart\": [{\"path\": \"/x\", \"timeout\": \"1\"}]}", "hooks.prestart[0].timeout: expected a number, found a string"},
    {"/hooks", "{\"prestart\": [{\"path\": \"/x\", \"timeout\": 0}]}", "hooks.prestart[0].timeout: 0 is not between 1 and 2147483647"},
    {"/hooks", "{\"prestart\": [{\"path\": \"/x\", \"timeout\": -1}]}", "hooks.prestart[0].timeout: -1 is not between 1 and 2147483647"},
    {"/hooks", "{\"prestart\": [{\"path\": \"/x\", \"timeout\": 2147483648}]}", "hooks.prestart[0].timeout: 2147483648 is not between 1 and 2147483647"},
    {"/annotations", "[]", "annotations: expected an object, found an array"},
    {"/annotations", "{\"org.x\": 1}", "annotations[\"org.x\"]: expected a string, found a number"},
    {"/annotations", "{\"\": \"x\"}", "annotations[\"\"]: an annotation's key must not be empty"},
    {"/mounts", "{}", "mounts: expected an array, found an object"},
    {"/mounts", "[7]", "mounts[0]: expected an object, found a number"},
    {"/mounts", "[{\"type\": \"proc\"}]", "mounts[0].destination: missing"},
    {"/mounts", "[{\"destination\": \"\"}]", "mounts[0].destination: is empty"},
    {"/mounts", "[{\"destination\": \"/a\"}, {\"destination\": 1}]", "mounts[1].destination: expected a string, found a number"},
    {"/mounts", "[{\"destination\": \"/a\", \"type\": 1}]", "mounts[0].type: expected a string, found a number"},
    {"/mounts", "[{\"destination\": \"/a\", \"source\": 1}]", "mounts[0].source: expected a string, found a number"},
    {"/mounts", "[{\"destination\": \"/a\", \"options\": \"ro\"}]", "mounts[0].options: expected an array, found a string"},
    {"/mounts", "[{\"destination\": \"/a\", \"options\": [\"ro\", 1]}]", "mounts[0].options[1]: expected a string, found a number"},
    {"/mounts", "[{\"destination\": \"/a\", \"uidMappings\": [{\"size\": 1}]}]", "mounts[0].uidMappings[0].containerID: missing"},
    {"/mounts", "[{\"destination\": \"/a\", \"gidMappings\": {}}]", "mounts[0].gidMappings: expected an array, found an object"},
    {"/mounts", "[{\"destination\": \"/a\", \"uidMappings\": [{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]}]", "mounts[0].gidMappings: missing: an idmapped mount needs both"},
    {"/mounts", "[{\"destination\": \"/a\", \"gidMappings\": [{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]}]", "mounts[0].uidMappings: missing: an idmapped mount needs both"},
};

constexpr Refusal kProcess[] = {
    {"/process", "[]", "process: expected an object, found an array"},
    {"/process/args", "", "process.args: missing"},
    {"/process/args", "[]", "process.args: is empty"},
    {"/process/args", "[\"\", \"x\"]", "process.args[0]: is empty"},
    {"/process/args", "[\"sh\", 1]", "process.args[1]: expected a string, found a number"},
    {"/process/args", "[\"sh\", \"\\u0000\"]", "process.args[1]: holds a NUL character"},
    {"/process/cwd", "", "process.cwd: missing"},
    {"/process/cwd", "\"tmp\"", "process.cwd: \"tmp\" is not an absolute path"},
    {"/process/cwd", "\"\"", "process.cwd: \"\" is not an absolute path"},
    {"/process/env", "{}", "process.env: expected an array, found an object"},
    {"/process/env", "[\"A=B\", null]", "process.env[1]: expected a string, found null"},
    {"/process/terminal", "1", "process.terminal: expected a boolean, found a number"},
    {"/process/consoleSize", "[24, 80]", "process.consoleSize: expected an object, found an array"},
    {"/process/consoleSize", "{\"width\": 80}", "process.consoleSize.height: missing"},
    {"/process/consoleSize", "{\"height\": 24}", "process.consoleSize.width: missing"},
    {"/process/consoleSize", "{\"height\": 24, \"width\": 65536}", "process.consoleSize.width: 65536 is not between 0 and 65535"},
    {"/process/consoleSize", "{\"height\": -1, \"width\": 80}", "process.consoleSize.height: -1 is not between 0 and 65535"},
    {"/process/noNewPrivileges", "1", "process.noNewPrivileges: expected a boolean, found a number"},
    {"/process/user", "\"root\"", "process.user: expected an object, found a string"},
    {"/process/user/uid", "-1", "process.user.uid: -1 is not between 0 and 4294967295"},
    {"/process/user/uid", "4294967296", "process.user.uid: 4294967296 is not between 0 and 4294967295"},
    {"/process/user/gid", "\"0\"", "process.user.gid: expected a number, found a string"},
    {"/process/user/umask", "512", "process.user.umask: 512 is not between 0 and 511"},
    {"/process/user/additionalGids", "[1, -2]", "process.user.additionalGids[1]: -2 is not between 0 and 4294967295"},
    {"/process/capabilities", "[]", "process.capabilities: expected an object, found an array"},
    {"/process/capabilities/bounding", "[\"CAP_KILL\", \"CAP_FLY\"]", "process.capabilities.bounding[1]: unknown capability \"CAP_FLY\""},
    {"/process/capabilities/effective", "[\"KILL\"]", "process.capabilities.effective[0]: unknown capability \"KILL\""},
    {"/process/capabilities/effective", "[\"CAP_KILL\"]", "process.capabilities.effective: CAP_KILL is not in the permitted set"},
    {"/process/capabilities/inheritable", "[1]", "process.capabilities.inheritable[0]: expected a string, found a number"},
    {"/process/capabilities/permitted", "true", "process.capabilities.permitted: expected an array, found a boolean"},
    {"/process/capabilities/ambient", "[\"\"]", "process.capabilities.ambient[0]: unknown capability \"\""},
    {"/process/rlimits", "[{\"soft\": 1, \"hard\": 1}]", "process.rlimits[0].type: missing"},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CATS\", \"soft\": 1, \"hard\": 1}]", "process.rlimits[0].type: unknown resource limit \"RLIMIT_CATS\""},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CORE\", \"hard\": 1}]", "process.rlimits[0].soft: missing"},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CORE\", \"soft\": 1}]", "process.rlimits[0].hard: missing"},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CORE\", \"soft\": -1, \"hard\": 1}]", "process.rlimits[0].soft: -1 is not between 0 and 18446744073709551615"},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CORE\", \"soft\": 2, \"hard\": 1}]", "process.rlimits[0].soft: 2 is above the hard limit, 1"},
    {"/process/rlimits", "[{\"type\": \"RLIMIT_CORE\", \"soft\": 1, \"hard\": 1}, {\"type\": \"RLIMIT_CORE\", \"soft\": 1, \"hard\": 1}]", "process.rlimits[1].type: \"RLIMIT_CORE\" is set twice"},
    {"/process/oomScoreAdj", "1001", "process.oomScoreAdj: 1001 is not between -1000 and 1000"},
    {"/process/oomScoreAdj", "1.5", "process.oomScoreAdj: 1.5E0 is not a whole number in range"},
    {"/process/apparmorProfile", "1", "process.apparmorProfile: expected a string, found a number"},
    {"/process/apparmorProfile", "\"a\\u0000b\"", "process.apparmorProfile: holds a NUL character"},
    {"/process/selinuxLabel", "[]", "process.selinuxLabel: expected a string, found an array"},
    {"/process/scheduler", "[\"SCHED_OTHER\"]", "process.scheduler: expected an object, found an array"},
    {"/process/scheduler", "{\"nice\": 1}", "process.scheduler.policy: missing"},
    {"/process/scheduler", "{\"policy\": 3}", "process.scheduler.policy: expected a string, found a number"},
    {"/process/scheduler", "{\"policy\": \"SCHED_NORMAL\"}", "process.scheduler.policy: unknown policy \"SCHED_NORMAL\""},
    {"/process/scheduler", "{\"policy\": \"SCHED_OTHER\", \"nice\": 20}", "process.scheduler.nice: 20 is not between -20 and 19"},
    {"/process/scheduler", "{\"policy\": \"SCHED_BATCH\", \"nice\": -21}", "process.scheduler.nice: -21 is not between -20 and 19"},
    {"/process/scheduler", "{\"policy\": \"SCHED_OTHER\", \"nice\": \"1\"}", "process.scheduler.nice: expected a number, found a string"},
    {"/process/scheduler", "{\"policy\": \"SCHED_FIFO\", \"priority\": 100}", "process.scheduler.priority: 100 is not between 0 and 99"},
    {"/process/scheduler", "{\"policy\": \"SCHED_FIFO\", \"priority\": -1}", "process.scheduler.priority: -1 is not between 0 and 99"},
    {"/process/scheduler", "{\"policy\": \"SCHED_RR\"}", "process.scheduler.priority: a real-time policy needs one from 1 to 99"},
    {"/process/scheduler", "{\"policy\": \"SCHED_IDLE\", \"priority\": 1}", "process.scheduler.priority: is for the policies SCHED_FIFO and SCHED_RR"},
    {"/process/scheduler", "{\"policy\": \"SCHED_OTHER\", \"flags\": \"X\"}", "process.scheduler.flags: expected an array, found a string"},
    {"/process/scheduler", "{\"policy\": \"SCHED_OTHER\", \"flags\": [\"SCHED_FLAG_FLY\"]}", "process.scheduler.flags[0]: unknown flag \"SCHED_FLAG_FLY\""},
    {"/process/scheduler", "{\"policy\": \"SCHED_OTHER\", \"runtime\": 1}", "process.scheduler.runtime: is for the policy SCHED_DEADLINE"},
    {"/process/scheduler", "{\"policy\": \"SCHED_FIFO\", \"priority\": 1, \"deadline\": 1}", "process.scheduler.deadline: is for the policy SCHED_DEADLINE"},
    {"/process/scheduler", "{\"policy\": \"SCHED_DEADLINE\", \"period\": -1}", "process.scheduler.period: -1 is not between 0 and 18446744073709551615"},
    {"/process/scheduler", "{\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1e30}", "process.scheduler.runtime: 1E30 is not a whole number in range"},
    {"/process/ioPriority", "7", "process.ioPriority: expected an object, found a number"},
    {"/process/ioPriority", "{\"priority\": 1}", "process.ioPriority.class: missing"},
    {"/process/ioPriority", "{\"class\": \"IOPRIO_CLASS_NONE\", \"priority\": 0}", "process.ioPriority.class: unknown class \"IOPRIO_CLASS_NONE\""},
    {"/process/ioPriority", "{\"class\": 2, \"priority\": 0}", "process.ioPriority.class: expected a string, found a number"},
    {"/process/ioPriority", "{\"class\": \"IOPRIO_CLASS_BE\"}", "process.ioPriority.priority: missing"},
    {"/process/ioPriority", "{\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 8}", "process.ioPriority.priority: 8 is not between 0 and 7"},
    {"/process/ioPriority", "{\"class\": \"IOPRIO_CLASS_BE\", \"priority\": -1}", "process.ioPriority.priority: -1 is not between 0 and 7"},
    {"/process/execCPUAffinity", "\"0\"", "process.execCPUAffinity: expected an object, found a string"},
    {"/process/execCPUAffinity", "{\"initial\": 1}", "process.execCPUAffinity.initial: expected a string, found a number"},
    {"/process/execCPUAffinity", "{\"initial\": \"one\"}", "process.execCPUAffinity.initial: \"one\" is no list of numbers below 8192, as \"0-3,7\""},
    {"/process/execCPUAffinity", "{\"initial\": \"-1\"}", "process.execCPUAffinity.initial: \"-1\" is no list of numbers below 8192, as \"0-3,7\""},
    {"/process/execCPUAffinity", "{\"final\": \"3-1\"}", "process.execCPUAffinity.final: \"3-1\" is no list of numbers below 8192, as \"0-3,7\""},
    {"/process/execCPUAffinity", "{\"final\": \"0-\"}", "process.execCPUAffinity.final: \"0-\" is no list of numbers below 8192, as \"0-3,7\""},
    {"/process/execCPUAffinity", "{\"final\": \"8192\"}", "process.execCPUAffinity.final: \"8192\" is no list of numbers below 8192, as \"0-3,7\""},
    {"/process/execCPUAffinity", "{\"final\": \"99999999999\"}", "process.execCPUAffinity.final: \"99999999999\" is no list of numbers below 8192, as \"0-3,7\""},
};

constexpr Refusal kLinux[] = {
    {"/linux", "7", "linux: expected an object, found a number"},
    {"/linux/namespaces", "{}", "linux.namespaces: expected an array, found an object"},
    {"/linux/namespaces", "[{}]", "linux.namespaces[0].type: missing"},
    {"/linux/namespaces", "[{\"type\": \"foo\"}]", "linux.namespaces[0].type: unknown namespace \"foo\""},
    {"/linux/namespaces", "[{\"type\": 1}]", "linux.namespaces[0].type: expected a string, found a number"},
    {"/linux/namespaces", "[{\"type\": \"pid\"}, {\"type\": \"pid\"}]", "linux.namespaces[1].type: \"pid\" is there twice"},
    {"/linux/namespaces", "[{\"type\": \"user\"}]", "linux.uidMappings: missing: a new \"user\" namespace needs it"},
    {"/linux/namespaces", "[{\"type\": \"pid\", \"path\": \"proc/1\"}]", "linux.namespaces[0].path: \"proc/1\" is not an absolute path"},
    {"/linux/namespaces", "[{\"type\": \"pid\", \"path\": 1}]", "linux.namespaces[0].path: expected a string, found a number"},
    {"/linux/devices", "[{\"type\": \"c\"}]", "linux.devices[0].path: missing"},
    {"/linux/devices", "[{\"path\": \"dev/x\"}]", "linux.devices[0].path: \"dev/x\" is not an absolute path"},
    {"/linux/devices", "[{\"path\": \"/dev/x\"}]", "linux.devices[0].type: missing"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"z\"}]", "linux.devices[0].type: unknown device type \"z\""},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"c\"}]", "linux.devices[0].major: missing"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"b\", \"major\": 4096, \"minor\": 0}]", "linux.devices[0].major: 4096 is not between 0 and 4095"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": 1, \"minor\": 1048576}]", "linux.devices[0].minor: 1048576 is not between 0 and 1048575"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": 1, \"minor\": 1, \"fileMode\": -1}]", "linux.devices[0].fileMode: -1 is not between 0 and 4294967295"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"p\", \"uid\": \"0\"}]", "linux.devices[0].uid: expected a number, found a string"},
    {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"p\", \"gid\": -1}]", "linux.devices[0].gid: -1 is not between 0 and 4294967295"},
    {"/linux/cgroupsPath", "1", "linux.cgroupsPath: expected a string, found a number"},
    {"/linux/maskedPaths", "[\"proc/kcore\"]", "linux.maskedPaths[0]: \"proc/kcore\" is not an absolute path"},
    {"/linux/readonlyPaths", "[\"/proc\", \"sys\"]", "linux.readonlyPaths[1]: \"sys\" is not an absolute path"},
    {"/linux/rootfsPropagation", "\"sideways\"", "linux.rootfsPropagation: unknown propagation \"sideways\""},
    {"/linux/rootfsPropagation", "\"ro\"", "linux.rootfsPropagation: unknown propagation \"ro\""},
    {"/linux/personality", "[\"LINUX\"]", "linux.personality: expected an object, found an array"},
    {"/linux/personality", "{\"flags\": [\"X\"], \"domain\": \"LINUX\"}", "linux.personality.flags: the specification defines no flags"},
    {"/linux/personality", "{\"domain\": 1}", "linux.personality.domain: expected a string, found a number"},
    {"/linux/personality", "{\"domain\": \"BSD\"}", "linux.personality.domain: unknown personality \"BSD\""},
    {"/linux/personality", "{\"x\": 1}", "linux.personality.domain: missing"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]", "linux.uidMappings: needs a \"user\" namespace in linux.namespaces"},
    {"/linux/gidMappings", "[{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]", "linux.gidMappings: needs a \"user\" namespace in linux.namespaces"},
    {"/linux/uidMappings", "7", "linux.uidMappings: expected an array, found a number"},
    {"/linux/uidMappings", "[7]", "linux.uidMappings[0]: expected an object, found a number"},
    {"/linux/uidMappings", "[{\"hostID\": 1, \"size\": 1}]", "linux.uidMappings[0].containerID: missing"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"size\": 1}]", "linux.uidMappings[0].hostID: missing"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 1}]", "linux.uidMappings[0].size: missing"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": \"root\", \"size\": 1}]", "linux.uidMappings[0].hostID: expected a number, found a string"},
    {"/linux/uidMappings", "[{\"containerID\": -1, \"hostID\": 1, \"size\": 1}]", "linux.uidMappings[0].containerID: -1 is not between 0 and 4294967295"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 1, \"size\": 0}]", "linux.uidMappings[0].size: 0 is not a number of ids"},
    {"/linux/gidMappings", "[{\"containerID\": 0, \"hostID\": 4294967290, \"size\": 7}]", "linux.gidMappings[0].size: 7 ids are more than there are from the first on, 6"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 100, \"size\": 10}, {\"containerID\": 9, \"hostID\": 200, \"size\": 1}]", "linux.uidMappings[1].containerID: the range overlaps with that of entry 0"},
    {"/linux/gidMappings", "[{\"containerID\": 0, \"hostID\": 100, \"size\": 10}, {\"containerID\": 10, \"hostID\": 95, \"size\": 6}]", "linux.gidMappings[1].hostID: the range overlaps with that of entry 0"},
    {"/linux/timeOffsets", "{\"boottime\": {\"secs\": 1}}", "linux.timeOffsets: needs a \"time\" namespace in linux.namespaces"},
    {"/linux/timeOffsets", "[]", "linux.timeOffsets: expected an object, found an array"},
    {"/linux/timeOffsets", "{\"realtime\": {\"secs\": 1}}", "linux.timeOffsets.realtime: unknown clock"},
    {"/linux/timeOffsets", "{\"boottime\": {\"secs\": \"1\"}}", "linux.timeOffsets.boottime.secs: expected a number, found a string"},
    {"/linux/timeOffsets", "{\"monotonic\": {\"nanosecs\": 1000000000}}", "linux.timeOffsets.monotonic.nanosecs: 1000000000 is not between 0 and 999999999"},
    {"/linux/sysctl", "[]", "linux.sysctl: expected an object, found an array"},
    {"/linux/sysctl", "{\"net.ipv4.ip_forward\": 1}", "linux.sysctl[\"net.ipv4.ip_forward\"]: expected a string, found a number"},
    {"/linux/netDevices", "[\"eth0\"]", "linux.netDevices: expected an object, found an array"},
    {"/linux/netDevices", "{\"eth0\": \"eth1\"}", "linux.netDevices.eth0: expected an object, found a string"},
    {"/linux/netDevices", "{\"\": {}}", "linux.netDevices[\"\"]: not the name of a network device"},
    {"/linux/netDevices", "{\"a/b\": {}}", "linux.netDevices[\"a/b\"]: not the name of a network device"},
    {"/linux/netDevices", "{\"eth%d\": {}}", "linux.netDevices[\"eth%d\"]: not the name of a network device"},
    {"/linux/netDevices", "{\"sixteen_letters_\": {}}", "linux.netDevices.sixteen_letters_: not the name of a network device"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": 1}}", "linux.netDevices.eth0.name: expected a string, found a number"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": \"..\"}}", "linux.netDevices.eth0.name: \"..\" is no name of a network device"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": \"a b\"}}", "linux.netDevices.eth0.name: \"a b\" is no name of a network device"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": \"x%s\"}}", "linux.netDevices.eth0.name: \"x%s\" is no name of a network device"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": \"%d%d\"}}", "linux.netDevices.eth0.name: \"%d%d\" is no name of a network device"},
    {"/linux/mountLabel", "true", "linux.mountLabel: expected a string, found a boolean"},
    {"/linux/intelRdt", "[\"x\"]", "linux.intelRdt: expected an object, found an array"},
    {"/linux/intelRdt", "{\"closID\": 1}", "linux.intelRdt.closID: expected a string, found a number"},
    {"/linux/intelRdt", "{\"closID\": \"..\"}", "linux.intelRdt.closID: \"..\" is no name of a class of service"},
    {"/linux/intelRdt", "{\"closID\": \"a/b\"}", "linux.intelRdt.closID: \"a/b\" is no name of a class of service"},
    {"/linux/intelRdt", "{\"l3CacheSchema\": 7}", "linux.intelRdt.l3CacheSchema: expected a string, found a number"},
    {"/linux/intelRdt", "{\"l3CacheSchema\": \"MB:0=1\"}", "linux.intelRdt.l3CacheSchema: \"MB:0=1\" does not begin with \"L3:\""},
    {"/linux/intelRdt", "{\"memBwSchema\": \"L3:0=1\"}", "linux.intelRdt.memBwSchema: \"L3:0=1\" does not begin with \"MB:\""},
    {"/linux/intelRdt", "{\"memBwSchema\": \"MB:0=1\\nL3:0=1\"}", "linux.intelRdt.memBwSchema: holds more than one line"},
    {"/linux/intelRdt", "{\"schemata\": \"L3:0=1\"}", "linux.intelRdt.schemata: expected an array, found a string"},
    {"/linux/intelRdt", "{\"schemata\": [\"L3:0=1\", 2]}", "linux.intelRdt.schemata[1]: expected a string, found a number"},
    {"/linux/intelRdt", "{\"schemata\": [\"L3:0=1\\n\"]}", "linux.intelRdt.schemata[0]: holds more than one line"},
    {"/linux/intelRdt", "{\"enableMonitoring\": 1}", "linux.intelRdt.enableMonitoring: expected a boolean, found a number"},
    {"/linux/memoryPolicy", "\"MPOL_BIND\"", "linux.memoryPolicy: expected an object, found a string"},
    {"/linux/memoryPolicy", "{\"nodes\": \"0\"}", "linux.memoryPolicy.mode: missing"},
    {"/linux/memoryPolicy", "{\"mode\": 2}", "linux.memoryPolicy.mode: expected a string, found a number"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_NEAR\"}", "linux.memoryPolicy.mode: unknown mode \"MPOL_NEAR\""},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\"}", "linux.memoryPolicy.nodes: MPOL_BIND needs some"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_INTERLEAVE\", \"nodes\": \",\"}", "linux.memoryPolicy.nodes: MPOL_INTERLEAVE needs some"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_LOCAL\", \"nodes\": \"0\"}", "linux.memoryPolicy.nodes: MPOL_LOCAL takes none"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": 0}", "linux.memoryPolicy.nodes: expected a string, found a number"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"-1\"}", "linux.memoryPolicy.nodes: \"-1\" is no list of numbers below 1024, as \"0-3,7\""},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"1024\"}", "linux.memoryPolicy.nodes: \"1024\" is no list of numbers below 1024, as \"0-3,7\""},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": \"MPOL_F_STATIC_NODES\"}", "linux.memoryPolicy.flags: expected an array, found a string"},
    {"/linux/memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": [\"X\"]}", "linux.memoryPolicy.flags[0]: unknown flag \"X\""},
};

constexpr Refusal kResources[] = {
    {"/linux/resources", "[]", "linux.resources: expected an object, found an array"},
    {"/linux/resources/memory", "1", "linux.resources.memory: expected an object, found a number"},
    {"/linux/resources/memory/limit", "\"1G\"", "linux.resources.memory.limit: expected a number, found a string"},
    {"/linux/resources/memory/limit", "-2", "linux.resources.memory.limit: -2 is not between -1 and 9223372036854775807"},
    {"/linux/resources/memory/swap", "1e3", "linux.resources.memory.swap: 1E3 is not a whole number in range"},
    {"/linux/resources/memory/reservation", "[]", "linux.resources.memory.reservation: expected a number, found an array"},
    {"/linux/resources/memory/swappiness", "101", "linux.resources.memory.swappiness: 101 is not between 0 and 100"},
    {"/linux/resources/memory/disableOOMKiller", "1", "linux.resources.memory.disableOOMKiller: expected a boolean, found a number"},
    {"/linux/resources/memory/useHierarchy", "1", "linux.resources.memory.useHierarchy: expected a boolean, found a number"},
    {"/linux/resources/memory/checkBeforeUpdate", "1", "linux.resources.memory.checkBeforeUpdate: expected a boolean, found a number"},
    {"/linux/resources/cpu/shares", "1", "linux.resources.cpu.shares: 1 is not between 2 and 262144"},
    {"/linux/resources/cpu/shares", "262145", "linux.resources.cpu.shares: 262145 is not between 2 and 262144"},
    {"/linux/resources/cpu/period", "-1", "linux.resources.cpu.period: -1 is not between 0 and 18446744073709551615"},
    {"/linux/resources/cpu/quota", "-2", "linux.resources.cpu.quota: -2 is not between -1 and 9223372036854775807"},
    {"/linux/resources/cpu/cpus", "1", "linux.resources.cpu.cpus: expected a string, found a number"},
    {"/linux/resources/cpu/mems", "1", "linux.resources.cpu.mems: expected a string, found a number"},
    {"/linux/resources/pids", "7", "linux.resources.pids: expected an object, found a number"},
    {"/linux/resources/pids/limit", "-2", "linux.resources.pids.limit: -2 is not between -1 and 9223372036854775807"},
    {"/linux/resources/unified", "[]", "linux.resources.unified: expected an object, found an array"},
    {"/linux/resources/unified", "{\"memory.high\": 1}", "linux.resources.unified[\"memory.high\"]: expected a string, found a number"},
    {"/linux/resources/unified", "{\"../x.y\": \"1\"}", "linux.resources.unified[\"../x.y\"]: not the name of a cgroup file"},
    {"/linux/resources/unified", "{\".x\": \"1\"}", "linux.resources.unified[\".x\"]: not the name of a cgroup file"},
    {"/linux/resources/unified", "{\"memory\": \"1\"}", "linux.resources.unified.memory: not the name of a cgroup file"},
    {"/linux/resources/devices", "{}", "linux.resources.devices: expected an array, found an object"},
    {"/linux/resources/devices", "[{\"allow\": 1}]", "linux.resources.devices[0].allow: expected a boolean, found a number"},
    {"/linux/resources/devices", "[{\"type\": \"x\"}]", "linux.resources.devices[0].type: unknown device type \"x\""},
    {"/linux/resources/devices", "[{\"major\": -2}]", "linux.resources.devices[0].major: -2 is not between -1 and 4294967295"},
    {"/linux/resources/devices", "[{\"minor\": \"*\"}]", "linux.resources.devices[0].minor: expected a number, found a string"},
    {"/linux/resources/devices", "[{\"access\": \"rx\"}]", "linux.resources.devices[0].access: \"rx\": only the letters r, w and m have a meaning"},
    {"/linux/resources/memory/kernel", "\"1\"", "linux.resources.memory.kernel: expected a number, found a string"},
    {"/linux/resources/memory/kernelTCP", "-2", "linux.resources.memory.kernelTCP: -2 is not between -1 and 9223372036854775807"},
    {"/linux/resources/cpu/realtimeRuntime", "\"1\"", "linux.resources.cpu.realtimeRuntime: expected a number, found a string"},
    {"/linux/resources/cpu/realtimePeriod", "-1", "linux.resources.cpu.realtimePeriod: -1 is not between 0 and 18446744073709551615"},
    {"/linux/resources/cpu/idle", "2", "linux.resources.cpu.idle: 2 is not between 0 and 1"},
    {"/linux/resources/cpu/burst", "-1", "linux.resources.cpu.burst: -1 is not between 0 and 18446744073709551615"},
    {"/linux/resources/network", "[1]", "linux.resources.network: expected an object, found an array"},
    {"/linux/resources/network", "{\"classID\": 4294967296}", "linux.resources.network.classID: 4294967296 is not between 0 and 4294967295"},
    {"/linux/resources/network", "{\"priorities\": [{\"priority\": 1}]}", "linux.resources.network.priorities[0].name: missing"},
    {"/linux/resources/network", "{\"priorities\": [{\"name\": \"a b\", \"priority\": 1}]}", "linux.resources.network.priorities[0].name: not a name"},
    {"/linux/resources/rdma", "{\"mlx\": 1}", "linux.resources.rdma.mlx: expected an object, found a number"},
    {"/linux/resources/rdma", "{\"mlx\": {\"hcaHandles\": -1}}", "linux.resources.rdma.mlx.hcaHandles: -1 is not between 0 and 4294967295"},
    {"/linux/resources/rdma", "{\"a\\nb\": {\"hcaHandles\": 1}}", "linux.resources.rdma[\"a\\nb\"]: not a name"},
    {"/linux/resources/hugepageLimits", "[{\"limit\": 1}]", "linux.resources.hugepageLimits[0].pageSize: missing"},
    {"/linux/resources/hugepageLimits", "[{\"pageSize\": \"2MB\"}]", "linux.resources.hugepageLimits[0].limit: missing"},
    {"/linux/resources/hugepageLimits", "[{\"pageSize\": \"../x\", \"limit\": 1}]", "linux.resources.hugepageLimits[0].pageSize: \"../x\" is no size of pages, as \"64KB\", \"2MB\" or \"1GB\""},
    {"/linux/resources/hugepageLimits", "[{\"pageSize\": \"2MiB\", \"limit\": 1}]", "linux.resources.hugepageLimits[0].pageSize: \"2MiB\" is no size of pages, as \"64KB\", \"2MB\" or \"1GB\""},
    {"/linux/resources/blockIO", "{\"weight\": 9}", "linux.resources.blockIO.weight: 9 is not between 10 and 1000"},
    {"/linux/resources/blockIO", "{\"leafWeight\": 1001}", "linux.resources.blockIO.leafWeight: 1001 is not between 10 and 1000"},
    {"/linux/resources/blockIO", "{\"weightDevice\": [{\"major\": 8, \"weight\": 100}]}", "linux.resources.blockIO.weightDevice[0].minor: missing"},
    {"/linux/resources/blockIO", "{\"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0}]}", "linux.resources.blockIO.throttleReadBpsDevice[0].rate: missing"},
    {"/linux/resources/blockIO", "{\"throttleWriteIOPSDevice\": [{\"major\": -1, \"minor\": 0, \"rate\": 1}]}", "linux.resources.blockIO.throttleWriteIOPSDevice[0].major: -1 is not between 0 and 4294967295"},
};
constexpr Refusal kSeccomp[] = {
    {"/linux/seccomp", "7", "linux.seccomp: expected an object, found a number"},
    {"/linux/seccomp", "{\"syscalls\": [{\"names\": [\"read\"]}]}", "linux.seccomp.defaultAction: missing"},
    {"/linux/seccomp", "{\"defaultAction\": 1}", "linux.seccomp.defaultAction: expected a string, found a number"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_PRAY\"}", "linux.seccomp.defaultAction: unknown action \"SCMP_ACT_PRAY\""},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default action"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}", "linux.seccomp.defaultErrnoRet: 4096 is not between 0 and 4095"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": \"EPERM\"}", "linux.seccomp.defaultErrnoRet: expected a number, found a string"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 1}", "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"x\"}", "linux.seccomp.listenerPath: \"x\" is not an absolute path"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": 1}", "linux.seccomp.listenerPath: expected a string, found a number"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerMetadata\": \"x\"}", "linux.seccomp.listenerMetadata: needs a listenerPath"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/x\", \"listenerMetadata\": {}}", "linux.seccomp.listenerMetadata: expected a string, found an object"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": \"x86\"}", "linux.seccomp.architectures: expected an array, found a string"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86\", \"x86_64\"]}", "linux.seccomp.architectures[1]: unknown architecture \"x86_64\""},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": {}}", "linux.seccomp.flags: expected an array, found an object"},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_SWIM\"]}", "linux.seccomp.flags[0]: unknown flag \"SECCOMP_FILTER_FLAG_SWIM\""},
    {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": {}}", "linux.seccomp.syscalls: expected an array, found an object"},
};

// One rule of a profile.
constexpr Refusal kSeccompRules[] = {
    {"", "1", "linux.seccomp.syscalls[0]: expected an object, found a number"},
    {"", "{\"action\": \"SCMP_ACT_LOG\"}", "linux.seccomp.syscalls[0].names: missing"},
    {"", "{\"action\": \"SCMP_ACT_LOG\", \"names\": []}", "linux.seccomp.syscalls[0].names: is empty"},
    {"", "{\"action\": \"SCMP_ACT_LOG\", \"names\": [\"read\", \"\"]}", "linux.seccomp.syscalls[0].names[1]: is empty"},
    {"", "{\"action\": \"SCMP_ACT_LOG\", \"names\": [1]}", "linux.seccomp.syscalls[0].names[0]: expected a string, found a number"},
    {"", "{\"names\": [\"read\"]}", "linux.seccomp.syscalls[0].action: missing"},
    {"", "{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_NOTIFY\"}", "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be the action for write"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_NOTIFY\", \"errnoRet\": 1}", "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_NOTIFY takes no errno"},
    {"", "{\"names\": [\"read\"], \"action\": \"errno\"}", "linux.seccomp.syscalls[0].action: unknown action \"errno\""},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\", \"errnoRet\": 1}", "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes no errno"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 65536}", "linux.seccomp.syscalls[0].errnoRet: 65536 is not between 0 and 65535"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 6, \"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]}", "linux.seccomp.syscalls[0].args[0].index: 6 is not between 0 and 5"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]}", "linux.seccomp.syscalls[0].args[0].index: missing"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\"}]}", "linux.seccomp.syscalls[0].args[0].value: missing"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": -1, \"op\": \"SCMP_CMP_EQ\"}]}", "linux.seccomp.syscalls[0].args[0].value: -1 is not between 0 and 18446744073709551615"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": 0, \"valueTwo\": \"1\", \"op\": \"SCMP_CMP_EQ\"}]}", "linux.seccomp.syscalls[0].args[0].valueTwo: expected a number, found a string"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": 0}]}", "linux.seccomp.syscalls[0].args[0].op: missing"},
    {"", "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": 0, \"op\": \"==\"}]}", "linux.seccomp.syscalls[0].args[0].op: unknown operator \"==\""},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Top, ConfigRefusals, testing::ValuesIn(kTop));
INSTANTIATE_TEST_SUITE_P(Process, ConfigRefusals, testing::ValuesIn(kProcess));
INSTANTIATE_TEST_SUITE_P(Linux, ConfigRefusals, testing::ValuesIn(kLinux));
INSTANTIATE_TEST_SUITE_P(Resources, ConfigRefusals, testing::ValuesIn(kResources));
INSTANTIATE_TEST_SUITE_P(Seccomp, ConfigRefusals, testing::ValuesIn(kSeccomp));

class RuleRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(RuleRefusals, NameThePlaceAndTheReason) {
  const std::string profile = fmt::format(R"({{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}]}})", GetParam().content);
  EXPECT_EQ(message_of([&] { parse_with("/linux/seccomp", profile); }), std::string("config.json: ") + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Seccomp, RuleRefusals, testing::ValuesIn(kSeccompRules));

TEST(Config, ThatIsNoObjectIsRefused) {
  EXPECT_EQ(message_of([] { parse_config("[]"); }), "config.json: expected an object, found an array");
  EXPECT_EQ(message_of([] { parse_config("{\"ociVersion\": \n nope}"); }), "config.json: line 2, column 2: syntax error");
}

TEST(Config, IsCalledAsTheCallerSays) {
  EXPECT_EQ(message_of([] { parse_config("{}", "other.json"); }), "other.json: ociVersion: missing");
  EXPECT_EQ(message_of([] { parse_process("{\"args\": [\"sh\"]}", "process.json"); }), "process.json: cwd: missing");
}

// What a member that is refused looks like when it says nothing: null, empty, zero, false.
TEST(Config, TakesUnsupportedMembersThatSayNothing) {
  constexpr const char* kPointers[] = {
      "/hooks",          "/process/scheduler",       "/process/ioPriority",   "/process/execCPUAffinity",
      "/linux/seccomp",  "/linux/resources/blockIO", "/linux/resources/rdma", "/linux/resources/network",
      "/linux/intelRdt", "/linux/netDevices",        "/linux/personality",    "/linux/memoryPolicy"};
  for (const char* pointer : kPointers)
    for (const char* content : {"null", "{}", "[]", "\"\"", "0", "false"})
      EXPECT_EQ(message_of([&] { parse_with(pointer, content); }), "no error") << pointer << " " << content;
}

}  // namespace
}  // namespace crumb::oci
