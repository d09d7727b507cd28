"""A process on its way into a container holds the Plan and descriptors of the host; nobody inside gets at them (runc CVE-2016-9962).
The cgroup filesystem of the host is not to be written to from a user namespace (runc CVE-2023-25809)."""

import os
import unittest

from security_case import SecurityCase

EXECS = 60
FIRST, SIZE = 2000000, 65536


class UserNamespace:
    def map_ids(self):
        self.linux["namespaces"] += [{"type": "user"}]
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": FIRST, "size": SIZE}]
        for place, folders, files in os.walk(self.bundle.rootfs):
            for name in [".", *folders, *files]:
                os.lchown(os.path.join(place, name), FIRST, FIRST)


class Peek(UserNamespace, SecurityCase):
    """Seen to fail (environ, exe, fd, mem and ptrace, all of them) with restore_protection() of src/init/credentials.cc saying 1 instead
    of 0 to PR_SET_DUMPABLE. That run() of src/init/main.cc says it is not shown: until then the process is hardly ever met."""

    def hostile_root(self):
        self.attacker("peek")
        self.process["env"].append("SECRET=of-the-host")
        peek = self.running("/bin/peek", "/tmp/stop")
        for _ in range(EXECS):
            self.exec("/bin/true")
        (self.bundle.rootfs / "tmp/stop").write_text("")
        self.wait_status("stopped")
        lines = peek.text(peek.out_file).splitlines()
        self.assertRegex(lines[-1], r"^met [0-9]+$")
        self.assertGreater(int(lines[-1].split()[1]), EXECS // 10, "the attacker hardly met anybody: this proves nothing")
        self.assertEqual(sorted(set(lines[:-1])), [])

    def test_root_without_CAP_SYS_PTRACE_sees_nothing_of_a_starting_exec(self):
        self.hostile_root()

    def test_root_of_a_user_namespace_with_every_capability_sees_nothing_either(self):
        self.map_ids()
        for kind in ("bounding", "effective", "permitted"):
            self.process["capabilities"][kind].append("CAP_SYS_PTRACE")
        self.hostile_root()


class CgroupOfTheHost(UserNamespace, SecurityCase):
    """Below a read-only /sys. Each test says without which line of src/plan/mounts.cc it was seen to fail."""

    def writable(self):
        """Mounts of a cgroup filesystem that the container could write to, were it allowed to by the files' owners."""
        lines = [line.split() for line in self.sh("cat /proc/self/mountinfo").splitlines()]
        return [fields[4] for fields in lines if " cgroup" in " ".join(fields[fields.index("-"):]) and "rw" in fields[5].split(",")]

    def setUp(self):
        super().setUp()
        self.map_ids()
        self.namespace("cgroup")
        self.config["mounts"] = [mount for mount in self.config["mounts"] if mount["destination"] != "/sys"]

    def test_it_is_not_writable_below_a_read_only_bind_of_sys(self):
        """Seen to fail with protect_sys() doing nothing."""
        self.mount("/sys", "/sys", "none", ["rbind", "nosuid", "noexec", "nodev", "ro"])
        self.assertEqual(self.writable(), [])

    def test_it_is_not_writable_where_sysfs_cannot_be_mounted(self):
        """Seen to fail with add_host_sysfs() leaving recursive_set as it is."""
        self.namespace("network")
        self.mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])
        self.assertEqual(self.writable(), [])


if __name__ == "__main__":
    unittest.main()
