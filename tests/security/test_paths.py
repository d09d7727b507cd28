"""What an image, or a container that shares a volume, puts in the way of crumb: links, and names that change while it works."""

import contextlib
import os
import pathlib
import subprocess
import time
import unittest

from security_case import SLOW, SecurityCase

ROUNDS = 40


class Volume(SecurityCase):
    """Two containers share a volume; one of them exchanges a directory of it and a link to the host, for ever.

    Seen to fail (files and directories made outside, on the host) with open_or_make() of src/init/paths.cc making what is missing by
    mkdirat() and mknodat() on the whole path below the root's descriptor; the device and the copy, which do not come that way, as they
    say."""

    def setUp(self):
        super().setUp()
        self.volume, self.outside = self.folder_of("volume"), self.folder_of("outside")
        self.mount("/volume", self.volume, "bind", ("rbind",))
        (self.volume / "place").mkdir()
        os.symlink(self.outside, self.volume / "link")

    def race(self, rounds=ROUNDS):
        """Runs the container again and again while the names are exchanged. How often it ran."""
        attacker = self.attack("exchange", self.volume / "place", self.volume / "link")
        ran = 0
        for _ in range(rounds):
            ran += self.run_container("/bin/true", code=None).code == 0
            self.assertEqual(sorted(os.listdir(self.outside)), [])
        self.assertIsNone(attacker.poll(), "the attacker gave up")
        return ran

    def test_the_target_of_a_mount(self):
        """runc CVE-2021-30465: with a mount upon what was swapped, the host's root could be bound into the container."""
        (self.volume / "place/target").mkdir()
        self.mount("/volume/place/target", "tmpfs", "tmpfs")
        self.race()

    def test_a_target_that_has_to_be_made(self):
        """runc CVE-2024-45310: making it left empty directories on the host."""
        self.mount("/volume/place/made/deep", "tmpfs", "tmpfs")
        self.race()

    def test_a_target_file_that_has_to_be_made(self):
        (self.scratch / "source").write_text("")
        self.mount("/volume/place/file", self.scratch / "source", "bind", ("bind",))
        self.race()

    def test_a_device(self):
        """Seen to fail with open_parent() of src/init/paths.cc opening the directory by openat() below the root's descriptor."""
        self.linux["devices"] = [{"path": "/volume/place/null", "type": "c", "major": 1, "minor": 3}]
        self.race()

    def test_the_working_directory(self):
        self.process["cwd"] = "/volume/place/made"
        self.race()

    def test_a_tmpfs_that_copies_what_it_covers(self):
        """Seen to fail with fill() of src/init/mounts.cc copying from the target's path, opened again by openat() below the root's
        descriptor."""
        (self.outside.parent / "secret").write_text("of the host\n")
        os.unlink(self.volume / "link")
        os.symlink(self.outside.parent, self.volume / "link")
        self.mount("/volume/place", "tmpfs", "tmpfs", ("tmpcopyup",))
        self.attack("exchange", self.volume / "place", self.volume / "link")
        for _ in range(ROUNDS):
            result = self.run_container("/bin/sh", "-c", "cat /volume/*/secret 2>/dev/null; true", code=None)
            self.assertEqual(result.out, "")


class Masks(SecurityCase):
    """A masked path shows a null device, whatever the image calls one (runc CVE-2025-31133), also while its name is exchanged for
    another one (youki CVE-2025-62161).

    Those of the null device are seen to fail with null_device() of src/init/masks.cc opening "/dev/null" inside the root and not
    looking at its number."""

    def setUp(self):
        super().setUp()
        self.dev = self.folder_of("dev")
        self.victim = self.scratch / "victim"
        self.victim.write_text("of the host\n")
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.mount("/dev", self.dev, "bind", ("rbind",))
        self.mount("/victim", self.victim, "bind", ("bind",))
        self.bundle.file("/secret", "masked\n")
        self.linux["maskedPaths"] = ["/secret"]

    def masked(self):
        """What /secret is: "1:3" of stat(1), or nothing when there was no container."""
        return self.run_container("/bin/busybox", "stat", "-c", "%t:%T", "/secret", code=None).out

    def test_dev_null_is_a_link(self):
        os.symlink("/victim", self.dev / "null")
        self.assertIn(self.masked(), ("", "1:3\n"))
        self.assertEqual(self.victim.read_text(), "of the host\n")

    def test_dev_null_is_another_device(self):
        os.mknod(self.dev / "null", 0o20666, os.makedev(1, 5))
        self.assertIn(self.masked(), ("", "1:3\n"))

    def test_dev_null_is_exchanged(self):
        os.mknod(self.dev / "null", 0o20666, os.makedev(1, 3))
        os.symlink("/victim", self.dev / "other")
        self.attack("exchange", self.dev / "null", self.dev / "other")
        for _ in range(ROUNDS):
            self.assertIn(self.masked(), ("", "1:3\n"))

    def test_a_masked_name_is_exchanged_for_a_link_to_another_one(self):
        """No other file of the container's becomes a device by the name that the host has for it. Seen to fail with the Mask step
        opening its target by openat() below the root's descriptor and cover() not checking afterwards what it covered."""
        volume = self.folder_of("volume")
        self.mount("/volume", volume, "bind", ("rbind",))
        (volume / "masked").write_text("masked\n")
        os.symlink(self.bundle.rootfs / "secret", volume / "link")  # a path of the host, which the container does not have
        self.linux["maskedPaths"] = ["/volume/masked"]
        self.attack("exchange", volume / "masked", volume / "link")
        for _ in range(ROUNDS):
            self.assertIn(self.masked(), ("", "0:0\n"))


class Proc(SecurityCase):
    """What stands in the place of /proc and /sys.

    runc CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: with a link or a volume there, labels were written to files of the image's
    choice. Those three are seen to fail with target_links() of src/init/mounts.cc answering Links::inside."""

    def without(self, destination):
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith(destination)]

    def link(self, path, target):
        with contextlib.suppress(OSError):
            (self.bundle.rootfs / path).rmdir()
        os.symlink(target, self.bundle.rootfs / path)

    def refused(self):
        result = self.run_fails("/bin/true")
        self.assertIn("Too many levels of symbolic links", result.err)

    def test_proc_is_a_link(self):
        self.bundle.directory("/elsewhere")
        self.link("proc", "elsewhere")
        self.refused()

    def test_sys_is_a_link(self):
        self.bundle.directory("/elsewhere")
        self.link("sys", "/elsewhere")
        self.refused()

    def test_the_way_to_proc_is_a_link(self):
        self.without("/proc")
        self.bundle.directory("/elsewhere/proc")
        os.symlink("elsewhere", self.bundle.rootfs / "way")
        self.mount("/way/proc", "proc", "proc")
        self.refused()

    def test_dev_is_a_link(self):
        """runc CVE-2026-41579, crun CVE-2026-47766: device nodes were made on the host. Seen to fail with open_parent() of
        src/init/paths.cc opening the directory by openat() below the root's descriptor."""
        outside = self.folder_of("outside")
        self.without("/dev")
        self.link("dev", outside)
        self.run_container("/bin/busybox", "true", code=None)
        self.assertEqual(os.listdir(outside), [])

    def test_dev_null_and_others_are_links(self):
        """Seen to fail (the file of the host had mode 0666) with settle_node() of src/init/nodes.cc following the link and not looking
        at what it leads to."""
        victim = self.scratch / "victim"
        victim.write_text("of the host\n")
        victim.chmod(0o600)
        self.without("/dev")
        for name in ("null", "zero", "tty", "ptmx", "stdin", "console"):
            os.symlink(victim, self.bundle.rootfs / "dev" / name)
        self.run_container("/bin/busybox", "true", code=None)
        self.assertEqual((victim.read_text(), victim.stat().st_mode & 0o777), ("of the host\n", 0o600))


class Settings(SecurityCase):
    """runc CVE-2025-52881, youki CVE-2025-62596: what is written to /proc/sys lands where the image wants. Seen to fail with
    perform(Sysctl) opening the path below the container's /proc after pivot_root."""

    def setUp(self):
        super().setUp()
        self.fake = self.folder_of("fake")
        self.file = self.fake / "sys/net/ipv4/ip_unprivileged_port_start"
        self.file.parent.mkdir(parents=True)
        self.file.write_text("untouched\n")
        self.linux.update(sysctl={"net.ipv4.ip_unprivileged_port_start": "81"}, readonlyPaths=[], maskedPaths=[])

    def set_in_the_namespace(self):
        """The setting as the container's network namespace has it."""
        out = subprocess.run(["nsenter", "-t", str(self.pid()), "-n", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"],
                             stdout=subprocess.PIPE, check=True, text=True).stdout
        return out.strip()

    def test_a_volume_covers_proc(self):
        self.mount("/proc", self.fake, "bind", ("rbind",))
        self.running("/bin/sleep", "1000")
        self.assertEqual((self.file.read_text(), self.set_in_the_namespace()), ("untouched\n", "81"))

    def test_a_volume_covers_a_part_of_proc(self):
        self.mount("/proc/sys/net", self.fake / "sys/net", "bind", ("rbind",))
        self.running("/bin/sleep", "1000")
        self.assertEqual((self.file.read_text(), self.set_in_the_namespace()), ("untouched\n", "81"))

    def test_there_is_a_directory_instead_of_proc(self):
        self.config["mounts"] = [m for m in self.config["mounts"] if m["destination"] != "/proc"]
        copy = self.bundle.file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "untouched\n")
        self.running("/bin/sleep", "1000")
        self.assertEqual((copy.read_text(), self.set_in_the_namespace()), ("untouched\n", "81"))


if __name__ == "__main__":
    unittest.main()
