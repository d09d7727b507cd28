"""A config.json with every member of runtime-spec 1.3 for Linux (config.md, config-linux.md), and what is wrong for each of them."""

import json

MAPPING = [{"containerID": 0, "hostID": 100000, "size": 65536}]
DEVICE = {"major": 8, "minor": 0}
HOOK = [{"path": "/bin/true", "args": ["true"], "env": ["A=1"], "timeout": 5}]

CONFIG = {
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs", "readonly": True},
    "hostname": "box",
    "domainname": "example.org",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]},
        {"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["bind", "idmap"], "uidMappings": MAPPING,
         "gidMappings": MAPPING},
    ],
    "process": {
        "terminal": True,
        "consoleSize": {"height": 24, "width": 80},
        "user": {"uid": 1, "gid": 1, "umask": 18, "additionalGids": [2]},
        "args": ["sh", "-c"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "capabilities": {name: ["CAP_KILL"] for name in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}],
        "apparmorProfile": "profile",
        "selinuxLabel": "label",
        "oomScoreAdj": 1,
        "noNewPrivileges": True,
        "scheduler": {"policy": "SCHED_DEADLINE", "nice": 1, "priority": 0, "flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 1,
                      "deadline": 2, "period": 3},
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
        "execCPUAffinity": {"initial": "0", "final": "0-1"},
    },
    "hooks": {kind: HOOK for kind in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")},
    "annotations": {"org.example.key": "value"},
    "linux": {
        "namespaces": [{"type": name} for name in ("pid", "ipc", "uts", "mount", "cgroup", "time", "user")]
                      + [{"type": "network", "path": "/proc/1/ns/net"}],
        "uidMappings": MAPPING,
        "gidMappings": MAPPING,
        "timeOffsets": {"monotonic": {"secs": 1, "nanosecs": 2}, "boottime": {"secs": 3, "nanosecs": 4}},
        "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0}],
        "netDevices": {"eth0": {"name": "eth1"}},
        "cgroupsPath": "/crumb-test-every-member",
        "rootfsPropagation": "slave",
        "maskedPaths": ["/proc/kcore"],
        "readonlyPaths": ["/proc/sys"],
        "mountLabel": "label",
        "sysctl": {"net.ipv4.ip_forward": "1"},
        "personality": {"domain": "LINUX"},
        "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
        "intelRdt": {"closID": "class", "schemata": ["L2:0=f"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
                     "enableMonitoring": True},
        "seccomp": {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": 1,
            "architectures": ["SCMP_ARCH_X86_64"],
            "flags": ["SECCOMP_FILTER_FLAG_LOG"],
            "listenerPath": "/run/agent",
            "listenerMetadata": "data",
            "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2,
                          "args": [{"index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]}],
        },
        "resources": {
            "devices": [{"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
            "memory": {"limit": 67108864, "reservation": 33554432, "swap": 134217728, "kernel": 67108864, "kernelTCP": 67108864,
                       "swappiness": 10, "disableOOMKiller": True, "useHierarchy": True, "checkBeforeUpdate": True},
            "cpu": {"shares": 512, "quota": 50000, "burst": 1000, "period": 100000, "realtimeRuntime": 1000, "realtimePeriod": 100000,
                    "cpus": "0", "mems": "0", "idle": 1},
            "pids": {"limit": 20},
            "blockIO": {
                "weight": 100, "leafWeight": 100, "weightDevice": [{**DEVICE, "weight": 100, "leafWeight": 100}],
                **{f"throttle{name}Device": [{**DEVICE, "rate": 1000}] for name in ("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS")},
            },
            "hugepageLimits": [{"pageSize": "2MB", "limit": 0}],
            "network": {"classID": 1, "priorities": [{"name": "lo", "priority": 1}]},
            "rdma": {"mlx5_1": {"hcaHandles": 1, "hcaObjects": 2}},
            "unified": {"memory.high": "50000000"},
        },
    },
}

# Members whose value is one of a list of words, or has a form.
WORDS = ("ociVersion", "policy", "class", "type", "domain", "mode", "rootfsPropagation", "defaultAction", "action", "op", "access",
         "pageSize", "initial", "final", "nodes", "l3CacheSchema", "memBwSchema", "path", "cwd", "destination", "listenerPath")
LISTS_OF_WORDS = ("bounding", "effective", "inheritable", "permitted", "ambient", "flags", "architectures", "maskedPaths",
                  "readonlyPaths")
FREE = (("root", "path"), ("mounts", "type"), ("mounts", "destination"))  # but not here

HUGE, NEGATIVE = 2 ** 64, -2 ** 62
ANY_NEGATIVE = ("secs",)


def is_word(path):
    names = [name for name in path if isinstance(name, str)]
    if (names[0], names[-1]) in FREE or names[-1] in LISTS_OF_WORDS and isinstance(path[-1], str):
        return False
    return names[-1] in WORDS or names[-1] in LISTS_OF_WORDS or (names[0], names[-1]) == ("hooks", "env")


def wrong_values(path, good):
    """Values of another kind, numbers that are out of range, words that are none."""
    if isinstance(good, bool):
        return [7, "true", ["x"], {"a": 1}]
    if isinstance(good, int):
        values = ["7", True, ["x"], {"a": 1}, 1.5, 1e300, HUGE]
        return values if path[-1] in ANY_NEGATIVE else [*values, NEGATIVE]
    if isinstance(good, str):
        values = [7, True, ["x"], {"a": 1}, "a\0b"]
        return [*values, "nonsense"] if is_word(path) else values
    if isinstance(good, list):
        return [7, True, "x", {"a": 1}]
    return [7, True, "x", ["x"]]


def places(value, path=()):
    """The path of every value below this one."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield (*path, key)
        yield from places(item, (*path, key))


def value_at(config, path):
    for key in path:
        config = config[key]
    return config


def replaced(config, path, value):
    changed = json.loads(json.dumps(config))  # copy.deepcopy() keeps shared what is shared
    value_at(changed, path[:-1])[path[-1]] = value
    return changed


def place_text(path):
    """("linux", "namespaces", 2, "type") -> linux.namespaces[2].type"""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif all(c.isalnum() or c == "_" for c in key):
            text += f".{key}"
        else:
            text += f'["{key}"]'
    return text.lstrip(".")


def every_fault(config):
    """(path, wrong value, the config with it) for each member."""
    for path in places(config):
        for value in wrong_values(path, value_at(config, path)):
            yield path, value, replaced(config, path, value)
