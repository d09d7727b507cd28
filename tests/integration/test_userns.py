"""User and time namespaces: new with mappings, joined by path, and what is different for a container whose root is not the host's."""

import os
import pathlib
import subprocess
import time
import unittest

from support import ContainerCase, crumb_says, not_on, only_crumb

FIRST = 2000000  # the host's id of the container's root
SIZE = 65536


class UserNamespaceCase(ContainerCase):
    """A container whose ids 0 to 65535 are FIRST and so on, and whose root filesystem belongs to them."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o711)  # runc walks there with the container's root
        self.map_ids()
        self.own_rootfs()

    def map_ids(self, first=FIRST, size=SIZE):
        self.namespace("user")
        self.linux["namespaces"].append({"type": "user"})
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": first, "size": size}]

    def own_rootfs(self, first=FIRST):
        for place, folders, files in os.walk(self.bundle.rootfs):
            for name in [".", *folders, *files]:
                os.lchown(os.path.join(place, name), first, first)


class UserNamespace(UserNamespaceCase):
    def test_the_mappings_are_those_of_the_config(self):
        self.linux["uidMappings"] = [
            {"containerID": 0, "hostID": FIRST, "size": 10}, {"containerID": 100, "hostID": FIRST + 500, "size": 7},
        ]
        lines = [line.split() for line in self.sh("cat /proc/self/uid_map /proc/self/gid_map").splitlines()]
        self.assertEqual(lines, [["0", str(FIRST), "10"], ["100", str(FIRST + 500), "7"], ["0", str(FIRST), str(SIZE)]])

    def test_it_is_a_namespace_of_its_own(self):
        self.assertNotEqual(self.sh("readlink /proc/self/ns/user").strip(), os.readlink("/proc/self/ns/user"))

    def test_root_in_the_container_is_nobody_on_the_host(self):
        self.running()
        self.assertEqual(os.stat(f"/proc/{self.pid()}").st_uid, FIRST)

    def test_every_other_namespace_belongs_to_it(self):
        # A hostname can be set by whoever is root of the user namespace that owns the uts namespace.
        self.process["capabilities"]["effective"] = self.process["capabilities"]["permitted"] = ["CAP_SYS_ADMIN"]
        self.process["capabilities"]["bounding"] = ["CAP_SYS_ADMIN"]
        self.assertEqual(self.sh("hostname other && hostname"), "other\n")

    def test_what_the_container_makes_belongs_to_the_mapped_user(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.sh("echo > /tmp/mine")
        status = (self.bundle.rootfs / "tmp/mine").stat()
        self.assertEqual((status.st_uid, status.st_gid), (FIRST + 1000, FIRST + 1000))

    def test_additional_groups_are_set(self):
        self.process["user"]["additionalGids"] = [5, 6]
        self.assertEqual(self.sh("id -G").split(), ["0", "5", "6"])

    def test_a_file_of_the_hosts_root_is_not_readable(self):
        secret = self.new_path("secret")
        secret.write_text("secret")
        secret.chmod(0o600)
        self.bundle.file("/secret")
        self.mount("/secret", secret, "bind", ["bind"])
        self.assertEqual(self.sh("cat /secret 2> /dev/null; echo $?"), "1\n")

    @not_on("runc", "walks to the root filesystem as the container's root")
    @not_on("crun", "walks to the root filesystem as the container's root")
    def test_the_root_filesystem_may_lie_where_the_containers_root_cannot_walk(self):
        self.folder.chmod(0o700)
        self.assertEqual(self.sh("echo hello"), "hello\n")

    def test_a_bind_source_may_lie_where_the_containers_root_cannot_walk(self):
        closed = self.new_path("closed")
        (closed / "open").mkdir(parents=True)
        (closed / "open/file").write_text("inside\n")
        closed.chmod(0o700)
        self.mount("/mnt", closed / "open", "bind", ["bind", "ro"])
        self.bundle.directory("/mnt")
        self.assertEqual(self.sh("cat /mnt/file"), "inside\n")

    @not_on("runc", "does not know nofail")
    @not_on("crun", "does not know nofail")
    def test_a_bind_source_that_may_be_missing_is_left_out(self):
        self.mount("/mnt", "/no/such/source", "bind", ["bind", "nofail"])
        self.bundle.directory("/mnt")
        self.assertEqual(self.sh("echo hello"), "hello\n")

    def test_a_mount_below_a_bind_does_not_show_on_the_host(self):
        source = self.new_path("shared")
        source.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", source], check=True)
        self.addCleanup(subprocess.run, ["umount", "-R", source])
        subprocess.run(["mount", "--make-shared", source], check=True)
        (source / "below").mkdir()
        source.chmod(0o777)
        for kind in ("bounding", "effective", "permitted"):
            self.process["capabilities"][kind] = ["CAP_SYS_ADMIN"]
        self.mount("/mnt", source, "bind", ["rbind"])
        self.bundle.directory("/mnt")
        self.running("/bin/sh", "-c", "mount -t tmpfs none /mnt/below && echo > /ready && sleep 100")
        self.until((self.bundle.rootfs / "ready").exists, "the container could not mount")
        self.assertNotIn(f"{source}/below", pathlib.Path("/proc/self/mountinfo").read_text())

    def test_devices_are_the_hosts_own_nodes(self):
        self.assertEqual(self.sh("stat -c '%F %t:%T' /dev/null /dev/urandom; echo x > /dev/null"),
                         "character special file 1:3\ncharacter special file 1:9\n")

    def test_a_device_of_the_config_is_bound(self):
        self.linux["devices"] = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]
        self.assertEqual(self.sh("stat -c %t:%T /dev/kmsg"), "1:b\n")

    def test_a_fifo_among_the_devices_is_made(self):
        self.linux["devices"] = [{"path": "/dev/pipe", "type": "p"}]
        self.assertEqual(self.sh("stat -c %F /dev/pipe"), "fifo\n")

    @not_on("runc", "binds whatever has the name")
    @not_on("crun", "binds whatever has the name")
    def test_a_node_of_the_host_with_another_number_is_refused(self):
        self.linux["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 5}]
        self.run_fails("/bin/true", words='device "/dev/null": the host\'s is another one')

    def test_a_device_that_the_host_does_not_have_is_refused(self):
        self.linux["devices"] = [{"path": "/dev/nosuch", "type": "c", "major": 1, "minor": 5}]
        self.run_fails("/bin/true", words="/dev/nosuch")

    @not_on("runc", "mounts a sysfs, which the kernel refuses")
    def test_without_a_network_namespace_sys_is_the_hosts_and_read_only(self):
        self.namespace("network")
        mount = self.mountinfo("/sys")
        self.assertEqual((mount.kind, "ro" in mount.options), ("sysfs", True))

    @only_crumb("a recursively read-only sys")
    def test_nothing_below_the_hosts_sys_is_writable(self):
        self.namespace("network")
        lines = [line.split() for line in self.sh("grep ' /sys' /proc/self/mountinfo").splitlines()]
        self.assertEqual([fields[4] for fields in lines if "ro" not in fields[5].split(",")], [])

    def test_limits_and_oom_score_are_set(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 100}]
        self.process["oomScoreAdj"] = 77
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj"), "99\n100\n77\n")

    def test_a_wasm_module_runs(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.assertIn("hello", self.run_container("/hello.wasm").out.lower())

    def test_a_user_namespace_is_joined_by_path(self):
        with self.holder("--user", "--map-root-user") as pid:
            self.own_rootfs(0)
            path = f"/proc/{pid}/ns/user"
            self.namespace("user", path=path)
            del self.linux["uidMappings"], self.linux["gidMappings"]
            for mount in self.config["mounts"]:  # only id 0 is mapped
                mount["options"] = [option for option in mount.get("options", []) if not option.startswith("gid=")]
            self.assertEqual(self.sh("readlink /proc/self/ns/user; id -u").split(), [os.readlink(path), "0"])

    @not_on("runc", "the kernel refuses it")
    def test_joining_ones_own_user_namespace_is_no_change(self):
        self.own_rootfs(0)
        self.namespace("user", path="/proc/self/ns/user")
        del self.linux["uidMappings"], self.linux["gidMappings"]
        self.assertEqual(self.sh("readlink /proc/self/ns/user").strip(), os.readlink("/proc/self/ns/user"))

    def test_what_the_kernel_does_not_map_is_an_error(self):
        self.linux["uidMappings"] = [{"containerID": 1, "hostID": FIRST, "size": 10}]
        self.run_fails("/bin/true", words=crumb_says("root of the user namespace"))


class Exec(UserNamespaceCase):
    def test_it_is_in_the_containers_user_namespace(self):
        self.running()
        self.assertEqual(self.inside("readlink /proc/self/ns/user").strip(), os.readlink(f"/proc/{self.pid()}/ns/user"))

    def test_its_user_is_mapped(self):
        self.running()
        self.assertEqual(self.inside("id -u; id -g; echo > /tmp/mine", flags=("--user", "1000:1000")), "1000\n1000\n")
        self.assertEqual((self.bundle.rootfs / "tmp/mine").stat().st_uid, FIRST + 1000)

    def test_its_root_has_the_containers_capabilities_and_no_more(self):
        self.running()
        self.assertEqual(self.inside("grep Cap /proc/self/status"), self.inside("grep Cap /proc/1/status"))

    def test_a_wasm_module_is_executed(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.running()
        self.assertIn("hello", self.exec("/hello.wasm").out.lower())


class Secrets(UserNamespaceCase):
    def test_the_containers_root_cannot_look_into_the_waiting_init(self):
        self.process["env"].append("SECRET=do-not-read")
        self.create("/bin/sleep", "100")
        out = self.inside("cat /proc/1/environ 2> /dev/null || echo refused; ls /proc/1/fd 2> /dev/null || echo refused")
        self.assertEqual(out, "refused\nrefused\n")


@unittest.skipUnless(os.path.exists("/proc/self/ns/time"), "this kernel has no time namespaces")
class TimeNamespace(ContainerCase):
    DAY = 86400

    def setUp(self):
        super().setUp()
        self.linux["namespaces"].append({"type": "time"})

    def uptime(self, text):
        return float(text.split()[0])

    def test_it_is_a_namespace_of_its_own(self):
        self.assertNotEqual(self.sh("readlink /proc/self/ns/time").strip(), os.readlink("/proc/self/ns/time"))

    def test_the_clocks_have_their_offsets(self):
        self.linux["timeOffsets"] = {"monotonic": {"secs": 1, "nanosecs": 2}, "boottime": {"secs": self.DAY}}
        offsets = dict(line.split(None, 1) for line in self.sh("cat /proc/self/timens_offsets").splitlines())
        self.assertEqual({clock: offset.split() for clock, offset in offsets.items()},
                         {"monotonic": ["1", "2"], "boottime": [str(self.DAY), "0"]})

    def test_the_program_sees_the_time_of_its_namespace(self):
        self.linux["timeOffsets"] = {"boottime": {"secs": 10 * self.DAY}}
        host = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.assertGreater(self.uptime(self.sh("cat /proc/uptime")), host + 9 * self.DAY)

    def test_an_offset_before_the_boot_is_refused(self):
        self.linux["timeOffsets"] = {"boottime": {"secs": -10**9}}
        self.run_fails("/bin/true", words=crumb_says("linux.timeOffsets"))

    def test_exec_is_in_the_containers(self):
        self.linux["timeOffsets"] = {"boottime": {"secs": 10 * self.DAY}}
        self.running()
        self.assertEqual(self.inside("readlink /proc/self/ns/time").strip(), os.readlink(f"/proc/{self.pid()}/ns/time"))
        self.assertGreater(self.uptime(self.inside("cat /proc/uptime")), 9 * self.DAY)

    def test_it_is_joined_by_path(self):
        with self.holder("--time", "--boottime", "7000000", "--fork") as pid:
            path = f"/proc/{pid}/ns/time"
            self.namespace("time", path=path)
            self.assertEqual(self.sh("readlink /proc/self/ns/time").strip(), os.readlink(path))

    def test_a_user_and_a_time_namespace_together(self):
        UserNamespaceCase.map_ids(self)
        UserNamespaceCase.own_rootfs(self)
        self.folder.chmod(0o711)
        self.linux["timeOffsets"] = {"monotonic": {"secs": 5}}
        self.assertIn("5", self.sh("cat /proc/self/timens_offsets"))


if __name__ == "__main__":
    unittest.main()
