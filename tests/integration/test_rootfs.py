"""What the container finds in its root: devices, links in /dev, masked and read-only paths."""

import os
import stat
import unittest

from support import ContainerCase, crumb_says, not_on, only_crumb

DEFAULT_DEVICES = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}


class Devices(ContainerCase):
    def device(self, path):
        """(kind, major:minor, mode, owner) of a node in the container."""
        kind, major, minor, *rest = self.sh(f"stat -c '%F|%t|%T|%a|%u:%g' {path}").strip().split("|")
        return kind, f"{int(major, 16)}:{int(minor, 16)}", *rest

    def is_default(self, name):
        self.assertEqual(self.device(f"/dev/{name}"), ("character special file", DEFAULT_DEVICES[name], "666", "0:0"))

    def test_null(self):
        self.is_default("null")

    def test_zero(self):
        self.is_default("zero")

    def test_full(self):
        self.is_default("full")

    def test_random(self):
        self.is_default("random")

    def test_urandom(self):
        self.is_default("urandom")

    def test_tty(self):
        self.is_default("tty")

    def test_null_swallows_and_gives_nothing(self):
        self.assertEqual(self.sh("echo x > /dev/null; wc -c < /dev/null"), "0\n")

    def test_zero_gives_zeros(self):
        self.assertEqual(self.sh("head -c 1000 /dev/zero | tr -d '\\0' | wc -c"), "0\n")

    def test_the_links_to_descriptors(self):
        out = self.sh("for i in fd stdin stdout stderr ptmx; do readlink /dev/$i; done")
        self.assertEqual(out.split(), ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"])

    def test_nothing_else_is_in_dev(self):
        found = set(self.sh("ls /dev").split()) - {"console", "core"}
        self.assertEqual(found, {*DEFAULT_DEVICES, "fd", "stdin", "stdout", "stderr", "ptmx", "pts", "shm", "mqueue"})

    def test_a_device_of_the_config_is_made(self):
        self.linux["devices"] = [
            {"path": "/dev/mynull", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 1000, "gid": 2000}]
        self.assertEqual(self.device("/dev/mynull"), ("character special file", "1:3", "640", "1000:2000"))

    def test_a_device_below_a_missing_directory_is_made(self):
        self.linux["devices"] = [{"path": "/dev/sub/mynull", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666}]
        self.assertEqual(self.device("/dev/sub/mynull")[1], "1:3")

    def test_devices_below_several_directories_are_each_in_their_own(self):
        paths = ["/dev/one/a", "/dev/one/b", "/dev/two/a", "/dev/one/c", "/dev/top"]
        self.linux["devices"] = [{"path": path, "type": "c", "major": 1, "minor": 3} for path in paths]
        self.assertEqual(self.sh("find /dev/one /dev/two /dev/top -type c | sort").split(), sorted(paths))

    def test_a_device_named_u_is_a_character_device(self):
        self.linux["devices"] = [{"path": "/dev/mynull", "type": "u", "major": 1, "minor": 3, "fileMode": 0o666}]
        self.assertEqual(self.device("/dev/mynull")[0], "character special file")

    def test_a_FIFO_of_the_config_is_made(self):
        self.linux["devices"] = [{"path": "/dev/pipe", "type": "p", "fileMode": 0o600}]
        self.assertEqual(self.sh("stat -c %F /dev/pipe"), "fifo\n")

    def test_the_umask_of_the_caller_does_not_change_modes(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.is_default("null")

    def test_device_rules_are_accepted(self):
        self.linux["resources"] = {"devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
        ]}
        self.run_container("/bin/true")

    @not_on("runc", "1.1 has CVE-2026-41579")
    @not_on("crun", "1.8 has CVE-2026-47766")
    def test_a_dev_that_is_a_link_to_the_host_gets_no_devices_there(self):
        outside = self.scratch / "outside"
        outside.mkdir()
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        (self.bundle.rootfs / "dev").rmdir()
        os.symlink(outside, self.bundle.rootfs / "dev")
        self.run_container("/bin/true", code=None)
        self.assertEqual(list(outside.iterdir()), [])

    def test_without_a_dev_mount_the_nodes_are_made_in_the_rootfs(self):
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.run_container("/bin/true")
        self.assertTrue(stat.S_ISCHR((self.bundle.rootfs / "dev/null").stat().st_mode))


class Paths(ContainerCase):
    def test_a_masked_file_is_empty(self):
        self.bundle.file("/secret", "secret\n")
        self.linux["maskedPaths"].append("/secret")
        self.assertEqual(self.sh("cat /secret"), "")

    def test_a_masked_directory_is_empty(self):
        self.bundle.file("/secrets/one", "secret\n")
        self.linux["maskedPaths"].append("/secrets")
        self.assertEqual(self.sh("ls -A /secrets"), "")

    def test_a_masked_directory_is_read_only(self):
        self.bundle.directory("/secrets")
        self.linux["maskedPaths"].append("/secrets")
        self.sh("touch /secrets/new", code=1)

    def test_a_masked_path_that_is_not_there_is_skipped(self):
        self.linux["maskedPaths"].append("/no/such/path")
        self.run_container("/bin/true")

    def test_a_masked_path_may_not_lead_out_of_the_root(self):
        victim = self.scratch / "victim"
        victim.write_text("of the host\n")
        os.symlink(victim, self.bundle.rootfs / "link")
        self.linux["maskedPaths"].append("/link")
        self.run_container("/bin/true", code=None)
        self.assertEqual(victim.read_text(), "of the host\n")

    def test_writing_to_a_read_only_path_fails(self):
        self.bundle.directory("/fixed")
        self.linux["readonlyPaths"].append("/fixed")
        self.sh("touch /fixed/new", code=1)

    def test_a_read_only_file_cannot_be_written(self):
        self.bundle.file("/fixed", "fixed\n")
        self.linux["readonlyPaths"].append("/fixed")
        self.assertEqual(self.sh("echo x 2>/dev/null >> /fixed; cat /fixed"), "fixed\n")

    def test_proc_sys_is_read_only(self):
        self.sh("echo 1 > /proc/sys/kernel/domainname", code=1)

    def test_a_read_only_path_that_is_not_there_is_skipped(self):
        self.linux["readonlyPaths"].append("/no/such/path")
        self.run_container("/bin/true")

    def test_a_read_only_root_cannot_be_written(self):
        self.config["root"]["readonly"] = True
        self.sh("touch /new", code=1)
        self.assertFalse((self.bundle.rootfs / "new").exists())

    def test_a_mount_below_a_read_only_root_can_be_written(self):
        self.config["root"]["readonly"] = True
        self.mount("/tmp", "tmpfs", "tmpfs")
        self.sh("touch /tmp/new")

    def test_a_read_only_root_shows_in_mountinfo(self):
        self.config["root"]["readonly"] = True
        self.assertIn("ro", self.mountinfo("/").options)

    def test_with_no_pivot_the_root_is_read_only_too(self):
        self.config["root"]["readonly"] = True
        self.sh("touch /new", code=1, flags=("--no-pivot",))

    def test_a_root_may_be_written_by_default(self):
        self.sh("echo hello > /new")
        self.assertEqual((self.bundle.rootfs / "new").read_text(), "hello\n")


class BadRoots(ContainerCase):
    def refused(self, words="rootfs"):
        self.run_fails("/bin/true", words=words)

    def test_a_missing_rootfs_is_refused(self):
        self.config["root"]["path"] = "missing"
        self.refused("missing")

    def test_a_file_as_rootfs_is_refused(self):
        (self.scratch / "file").write_text("")
        self.config["root"]["path"] = str(self.scratch / "file")
        self.refused(crumb_says(str(self.scratch / "file")))

    def test_a_FIFO_as_rootfs_is_refused_at_once(self):
        os.mkfifo(self.scratch / "fifo")
        self.config["root"]["path"] = str(self.scratch / "fifo")
        self.refused(crumb_says(str(self.scratch / "fifo")))

    @only_crumb("accepting a link as root.path")
    def test_a_link_to_a_rootfs_is_followed(self):
        os.symlink(self.bundle.rootfs, self.scratch / "link")
        self.config["root"]["path"] = str(self.scratch / "link")
        self.assertEqual(self.sh("echo linked"), "linked\n")

    def test_no_root_is_refused(self):
        del self.config["root"]
        self.refused("root")


if __name__ == "__main__":
    unittest.main()
