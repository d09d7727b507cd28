"""Mounts: their options as the container's mountinfo shows them, their order, and that no destination leaves the root."""

import os
import pathlib
import unittest

from support import ContainerCase, MountInfo, not_on, only_crumb


class Options(ContainerCase):
    """Each option word of a bind mount and of a tmpfs."""

    def bind(self, *options):
        source = self.scratch / "source"
        source.mkdir(exist_ok=True)
        self.bundle.directory("/m")
        self.mount("/m", source, "bind", ("rbind", *options))
        return self.mountinfo("/m").options

    def tmpfs(self, *options):
        self.mount("/m", "tmpfs", "tmpfs", options)
        return self.mountinfo("/m")

    def test_ro_makes_a_bind_read_only(self):
        self.assertIn("ro", self.bind("ro"))

    def test_rw_is_the_default(self):
        self.assertIn("rw", self.bind())

    def test_the_last_of_ro_and_rw_counts(self):
        self.assertIn("rw", self.bind("ro", "rw"))

    def test_nosuid(self):
        self.assertIn("nosuid", self.bind("nosuid"))

    def test_nodev(self):
        self.assertIn("nodev", self.bind("nodev"))

    def test_noexec(self):
        self.assertIn("noexec", self.bind("noexec"))

    def test_the_last_of_noexec_and_exec_counts(self):
        self.assertNotIn("noexec", self.bind("noexec", "exec"))

    def test_relatime(self):
        self.assertIn("relatime", self.bind("relatime"))

    def test_noatime(self):
        self.assertIn("noatime", self.bind("noatime"))

    def test_nodiratime(self):
        self.assertIn("nodiratime", self.bind("nodiratime"))

    def test_strictatime_shows_as_neither_relatime_nor_noatime(self):
        options = self.bind("strictatime")
        self.assertNotIn("relatime", options)
        self.assertNotIn("noatime", options)

    def test_several_options_together(self):
        options = self.bind("ro", "nosuid", "nodev", "noexec", "noatime")
        self.assertEqual(options, ["ro", "nosuid", "nodev", "noexec", "noatime"])

    def test_a_bind_without_options_keeps_those_of_its_source(self):
        # /proc of the host is mounted with what a container may not remove
        self.mount("/m", "/proc", "bind", ("rbind",))
        (host,) = [m for m in map(MountInfo, pathlib.Path("/proc/self/mountinfo").read_text().splitlines()) if m.target == "/proc"][-1:]
        self.assertEqual(self.mountinfo("/m").options, host.options)

    def test_options_of_a_tmpfs(self):
        found = self.tmpfs("nosuid", "nodev", "noexec")
        self.assertEqual((found.kind, found.options), ("tmpfs", ["rw", "nosuid", "nodev", "noexec", "relatime"]))

    def test_ro_makes_a_tmpfs_read_only(self):
        self.assertIn("ro", self.tmpfs("ro").options)

    def test_the_size_of_a_tmpfs(self):
        self.assertIn("size=64k", self.tmpfs("size=64k").superblock)

    def test_a_tmpfs_holds_no_more_than_its_size(self):
        self.mount("/m", "tmpfs", "tmpfs", ("size=64k",))
        self.assertEqual(self.sh("dd if=/dev/zero of=/m/x bs=1k count=100 2>/dev/null; wc -c < /m/x"), "65536\n")

    def test_the_mode_of_a_tmpfs(self):
        self.mount("/m", "tmpfs", "tmpfs", ("mode=1733",))
        self.assertEqual(self.sh("stat -c %a /m"), "1733\n")

    def test_the_owner_of_a_tmpfs(self):
        self.mount("/m", "tmpfs", "tmpfs", ("uid=1000", "gid=2000"))
        self.assertEqual(self.sh("stat -c %u:%g /m"), "1000:2000\n")

    def test_several_data_options(self):
        found = self.tmpfs("size=128k", "nr_inodes=50", "mode=700")
        self.assertLessEqual({"size=128k", "nr_inodes=50", "mode=700"}, set(found.superblock))

    def test_an_unknown_data_option_is_refused_with_the_destination(self):
        self.mount("/m", "tmpfs", "tmpfs", ("nonsense=1",))
        self.run_fails("/bin/true", words="/m")

    def test_an_unknown_filesystem_is_refused_with_the_destination(self):
        self.mount("/m", "none", "nosuchfs")
        self.run_fails("/bin/true", words="/m")

    def test_a_mount_is_private_by_default(self):
        self.bind()
        self.assertEqual(self.mountinfo("/m").propagation, [])

    def propagation(self, *words):
        self.bind(*words)
        return sorted(self.mountinfo("/m").propagation)

    def test_private(self):
        self.assertEqual(self.propagation("private"), [])

    def test_rprivate(self):
        self.assertEqual(self.propagation("rprivate"), [])

    def test_shared(self):
        self.assertEqual(self.propagation("shared"), ["shared"])

    def test_rshared(self):
        self.assertEqual(self.propagation("rshared"), ["shared"])

    def test_unbindable(self):
        self.assertEqual(self.propagation("unbindable"), ["unbindable"])

    def test_runbindable(self):
        self.assertEqual(self.propagation("runbindable"), ["unbindable"])

    def test_slave_of_a_private_mount_is_private(self):
        self.assertEqual(self.propagation("slave"), [])

    @only_crumb("rro (mount_setattr)")
    def test_rro_makes_submounts_read_only_too(self):
        self.mount("/m", "/sys", "bind", ("rbind", "rro"))
        below = [m for m in map(MountInfo, self.sh("cat /proc/self/mountinfo").splitlines()) if m.target.startswith("/m/")]
        self.assertTrue(below)
        self.assertEqual([m.target for m in below if "ro" not in m.options], [])


class Binds(ContainerCase):
    def test_a_directory_is_bound(self):
        (self.scratch / "source").mkdir()
        (self.scratch / "source/file").write_text("from the host\n")
        self.mount("/m", self.scratch / "source", "bind", ("bind",))
        self.assertEqual(self.sh("cat /m/file"), "from the host\n")

    def test_a_file_is_bound(self):
        (self.scratch / "file").write_text("from the host\n")
        self.bundle.file("/file", "hidden\n")
        self.mount("/file", self.scratch / "file", "bind", ("bind",))
        self.assertEqual(self.sh("cat /file"), "from the host\n")
        self.assertEqual((self.bundle.rootfs / "file").read_text(), "hidden\n")

    def test_bind_is_known_by_the_option_alone(self):
        (self.scratch / "file").write_text("from the host\n")
        self.mount("/file", self.scratch / "file", "", ("bind", "ro"))
        self.assertEqual(self.sh("cat /file"), "from the host\n")

    def test_a_relative_source_lies_in_the_bundle(self):
        self.bundle.file("../rootfs/source/file", "in the bundle\n")
        self.mount("/m", "rootfs/source", "bind", ("bind",))
        self.assertEqual(self.sh("cat /m/file"), "in the bundle\n")

    def test_writing_through_a_bind_reaches_the_host(self):
        (self.scratch / "source").mkdir()
        self.mount("/m", self.scratch / "source", "bind", ("rbind", "rw"))
        self.sh("echo hello > /m/new")
        self.assertEqual((self.scratch / "source/new").read_text(), "hello\n")

    def test_writing_through_a_read_only_bind_fails(self):
        (self.scratch / "source").mkdir()
        self.mount("/m", self.scratch / "source", "bind", ("rbind", "ro"))
        self.sh("echo hello > /m/new", code=1)
        self.assertEqual(list((self.scratch / "source").iterdir()), [])

    def test_a_source_that_is_not_there_is_refused_by_name(self):
        self.mount("/m", self.scratch / "missing", "bind", ("bind",))
        self.run_fails("/bin/true", words=str(self.scratch / "missing"))

    def test_rbind_brings_submounts(self):
        self.mount("/m", "/dev", "bind", ("rbind",))
        self.sh("grep ' /m/' /proc/self/mountinfo")

    def test_bind_brings_no_submounts(self):
        self.mount("/m", "/sys", "bind", ("bind",))
        self.sh("grep ' /m/' /proc/self/mountinfo", code=1)

    def test_noexec_hinders_execution(self):
        self.mount("/m", self.bundle.rootfs / "bin", "bind", ("bind", "noexec"))
        self.sh("/m/true", code=126)

    def test_nodev_hinders_devices(self):
        self.mount("/m", "tmpfs", "tmpfs", ("nodev",))
        self.sh("mknod /m/null c 1 3 && echo x > /m/null", code=1)

    def test_a_source_may_be_a_symbolic_link(self):
        (self.scratch / "file").write_text("behind the link\n")
        os.symlink("file", self.scratch / "link")
        self.mount("/m", self.scratch / "link", "bind", ("bind",))
        self.assertEqual(self.sh("cat /m"), "behind the link\n")


class Destinations(ContainerCase):
    def test_a_missing_directory_is_made(self):
        self.mount("/a/b/c", "tmpfs", "tmpfs")
        self.assertEqual(self.mountinfo("/a/b/c").kind, "tmpfs")

    def test_a_missing_file_is_made_for_the_bind_of_a_file(self):
        (self.scratch / "file").write_text("hello\n")
        self.mount("/a/b/file", self.scratch / "file", "bind", ("bind",))
        self.assertEqual(self.sh("cat /a/b/file"), "hello\n")

    def test_a_link_to_an_absolute_path_stays_in_the_root(self):
        outside = self.scratch / "outside"
        outside.mkdir()
        os.symlink(outside, self.bundle.rootfs / "link")
        self.mount("/link/deep", "tmpfs", "tmpfs")
        self.assertIn(f" {outside}/deep ", self.sh("cat /proc/self/mountinfo"))
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_link_that_climbs_stays_in_the_root(self):
        outside = self.scratch / "outside"
        outside.mkdir()
        os.symlink("../../../../../../../.." + str(outside), self.bundle.rootfs / "link")
        self.mount("/link/deep", "tmpfs", "tmpfs")
        self.sh("true")
        self.assertEqual(list(outside.iterdir()), [])

    def test_dots_in_a_destination_stay_in_the_root(self):
        self.mount("/../../m", "tmpfs", "tmpfs")
        self.assertEqual(self.mountinfo("/m").kind, "tmpfs")

    def test_mounts_are_made_in_order(self):
        (self.scratch / "source").mkdir()
        (self.scratch / "source/file").write_text("bound\n")
        self.mount("/m", "tmpfs", "tmpfs")
        self.mount("/m/sub", self.scratch / "source", "bind", ("bind",))
        self.assertEqual(self.sh("cat /m/sub/file"), "bound\n")

    def test_a_later_mount_hides_an_earlier_one(self):
        (self.scratch / "source").mkdir()
        self.mount("/m", self.scratch / "source", "bind", ("bind",))
        self.mount("/m", "tmpfs", "tmpfs")
        self.assertEqual(self.mountinfo("/m").kind, "tmpfs")

    def test_a_directory_cannot_be_bound_on_a_file(self):
        (self.scratch / "source").mkdir()
        self.bundle.file("/file")
        self.mount("/file", self.scratch / "source", "bind", ("bind",))
        self.run_fails("/bin/true", words="/file")

    def test_a_proc_mount_on_a_link_is_refused_or_stays_inside(self):
        (self.bundle.rootfs / "proc").rmdir()
        os.symlink("/tmp", self.bundle.rootfs / "proc")
        result = self.run_container("/bin/true", code=None)
        self.assertNotEqual(result.code, 0)

    @not_on("runc", "1.1 takes it for a path below the current directory")
    @not_on("crun", "likewise")
    def test_a_relative_destination_is_below_the_root(self):
        self.mount("m", "tmpfs", "tmpfs")
        self.assertEqual(self.mountinfo("/m").kind, "tmpfs")


if __name__ == "__main__":
    unittest.main()
