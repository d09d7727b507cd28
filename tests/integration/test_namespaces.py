"""Namespaces: new, shared with the host, or joined by path; and what belongs to each."""

import os
import pathlib
import unittest

from support import ContainerCase, crumb_says

FILES = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup"}


class Namespaces(ContainerCase):
    def link(self, kind):
        return self.sh(f"readlink /proc/self/ns/{FILES[kind]}").strip()

    def is_new(self, kind):
        self.assertNotEqual(self.link(kind), os.readlink(f"/proc/self/ns/{FILES[kind]}"))

    def is_shared(self, kind):
        self.namespace(kind)
        self.assertEqual(self.link(kind), os.readlink(f"/proc/self/ns/{FILES[kind]}"))

    def is_joined(self, kind, *unshare):
        with self.holder(*unshare) as pid:
            path = f"/proc/{pid}/ns/{FILES[kind]}"
            self.namespace(kind, path=path)
            self.assertEqual(self.link(kind), os.readlink(path))
            self.assertNotEqual(os.readlink(path), os.readlink(f"/proc/self/ns/{FILES[kind]}"))

    def test_a_new_pid_namespace(self):
        self.is_new("pid")

    def test_a_new_network_namespace(self):
        self.is_new("network")

    def test_a_new_ipc_namespace(self):
        self.is_new("ipc")

    def test_a_new_uts_namespace(self):
        self.is_new("uts")

    def test_a_new_mount_namespace(self):
        self.is_new("mount")

    def test_a_new_cgroup_namespace(self):
        self.is_new("cgroup")

    def test_the_hosts_pid_namespace(self):
        self.is_shared("pid")

    def test_the_hosts_network_namespace(self):
        # A sysfs of the host's network namespace may be mounted: nothing of the config changes.
        self.is_shared("network")

    def test_the_hosts_ipc_namespace(self):
        self.is_shared("ipc")

    def test_the_hosts_uts_namespace(self):
        del self.config["hostname"]
        self.is_shared("uts")

    def test_the_hosts_cgroup_namespace(self):
        self.is_shared("cgroup")

    def test_a_network_namespace_is_joined_by_path(self):
        self.is_joined("network", "--net")

    def test_an_ipc_namespace_is_joined_by_path(self):
        self.is_joined("ipc", "--ipc")

    def test_a_uts_namespace_is_joined_by_path(self):
        del self.config["hostname"]
        self.is_joined("uts", "--uts")

    def test_a_cgroup_namespace_is_joined_by_path(self):
        self.is_joined("cgroup", "--cgroup")

    def test_a_pid_namespace_is_joined_by_path(self):
        self.is_joined("pid", "--pid", "--fork")

    def test_the_program_of_a_joined_pid_namespace_is_not_its_first_process(self):
        with self.holder("--pid", "--fork") as pid:
            self.namespace("pid", path=f"/proc/{pid}/ns/pid")
            self.assertNotEqual(self.sh("echo $$"), "1\n")

    def test_two_namespaces_are_joined_together(self):
        with self.holder("--net", "--ipc") as pid:
            self.namespace("network", path=f"/proc/{pid}/ns/net")
            self.namespace("ipc", path=f"/proc/{pid}/ns/ipc")
            links = self.sh("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc").split()
            self.assertEqual(links, [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "ipc")])

    def test_a_path_that_is_not_there_is_refused(self):
        self.namespace("network", path="/no/such/namespace")
        self.run_fails("/bin/true", words="/no/such/namespace")

    def test_a_path_that_is_no_namespace_is_refused(self):
        self.namespace("network", path="/etc/passwd")
        self.run_fails("/bin/true", words=crumb_says("/etc/passwd"))

    def test_a_namespace_of_another_kind_is_refused(self):
        self.namespace("network", path="/proc/self/ns/ipc")
        self.run_fails("/bin/true")


class Contents(ContainerCase):
    def test_the_program_is_pid_1(self):
        self.assertEqual(self.sh("echo $$"), "1\n")

    def test_only_the_containers_processes_are_seen(self):
        self.assertEqual(self.sh("echo /proc/[0-9]*"), "/proc/1\n")

    def test_the_hostname_is_set(self):
        self.config["hostname"] = "a-name.example"
        self.assertEqual(self.sh("hostname"), "a-name.example\n")

    def test_the_hosts_name_stays(self):
        before = os.uname().nodename
        self.run_container("/bin/true")
        self.assertEqual(os.uname().nodename, before)

    def test_without_a_hostname_the_new_namespace_keeps_the_hosts(self):
        del self.config["hostname"]
        self.assertEqual(self.sh("hostname"), os.uname().nodename + "\n")

    def test_a_hostname_without_a_uts_namespace_is_refused(self):
        self.namespace("uts")
        self.run_fails("/bin/true", words="hostname")
        self.assertNotEqual(os.uname().nodename, "box")

    def test_a_new_network_namespace_has_only_lo(self):
        self.assertEqual(sorted(self.sh("ls /sys/class/net").split())[-1:], ["lo"])

    def test_every_cgroup_is_the_root_of_the_new_cgroup_namespace(self):
        paths = {line.split(":", 2)[2] for line in self.sh("cat /proc/self/cgroup").splitlines()}
        self.assertEqual(paths, {"/"})

    def test_without_a_cgroup_namespace_the_path_is_seen(self):
        self.namespace("cgroup")
        self.assertIn(f":/{self.name}\n", self.sh("cat /proc/self/cgroup"))

    def test_no_mount_of_the_host_is_seen(self):
        targets = {line.split()[4] for line in self.sh("cat /proc/self/mountinfo").splitlines()}
        allowed = ("/", "/proc", "/dev", "/sys")
        self.assertEqual([t for t in targets if t != "/" and not t.startswith(allowed[1:])], [])

    def test_the_containers_mounts_do_not_reach_the_host(self):
        self.bundle.directory("/m")
        self.mount("/m", kind="tmpfs", source="tmpfs")
        self.running()
        self.assertNotIn(str(self.bundle.rootfs) + "/m", pathlib.Path("/proc/self/mountinfo").read_text())

    def test_the_root_has_no_parent(self):
        self.assertEqual(self.sh("cd /..; pwd; ls -d /../bin"), "/\n/../bin\n")

    def test_an_orphan_becomes_a_child_of_pid_1(self):
        out = self.sh("(sh -c 'sleep 0.2; grep PPid /proc/$$/status' &); sleep 1")
        self.assertEqual(out, "PPid:\t1\n")


if __name__ == "__main__":
    unittest.main()
