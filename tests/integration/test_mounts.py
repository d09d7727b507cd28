"""Mounts: their options as the container's mountinfo shows them, their order, and that no destination leaves the root."""

import os
import pathlib
import subprocess
import unittest

from support import IS_CRUMB, ContainerCase, MountInfo, crumb_says, not_on, only_crumb


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


class CopyUp(ContainerCase):
    """tmpcopyup: a tmpfs that begins with what it covers."""

    def copied(self, script, *options, **run):
        self.mount("/d", "tmpfs", "tmpfs", ("tmpcopyup", *options))
        return self.sh(script, **run)

    def test_files_and_directories_are_copied(self):
        self.bundle.file("/d/file", "text\n")
        self.bundle.file("/d/a/b/c", "deep\n")
        self.assertEqual(self.copied("cat /d/file /d/a/b/c"), "text\ndeep\n")

    def test_changes_stay_in_the_copy(self):
        source = self.bundle.file("/d/file", "text\n")
        self.copied("echo changed > /d/file; rm -r /d/a; touch /d/new", code=None)
        self.assertEqual((source.read_text(), os.listdir(source.parent)), ("text\n", ["file"]))

    def test_a_large_file_is_copied_whole(self):
        content = os.urandom(300_001)
        self.bundle.file("/d/file", content)
        self.mount("/out", self.scratch, "bind", ("bind",))
        self.copied("cp /d/file /out/file")
        self.assertEqual((self.scratch / "file").read_bytes(), content)

    def test_owners_and_modes_are_kept(self):
        os.chown(self.bundle.file("/d/file", mode=0o4751), 1000, 2000)
        os.chmod(self.bundle.rootfs / "d/file", 0o4751)
        os.chown(self.bundle.directory("/d/a", mode=0o1770), 7, 8)
        os.chmod(self.bundle.rootfs / "d/a", 0o1770)
        self.assertEqual(self.copied("stat -c '%a %u %g' /d/file /d/a"), "4751 1000 2000\n1770 7 8\n")

    def test_links_are_copied_as_links_wherever_they_lead(self):
        outside = self.scratch / "secret"
        outside.write_text("of the host\n")
        self.bundle.directory("/d")
        os.symlink(outside, self.bundle.rootfs / "d/absolute")
        os.symlink("../../../../.." + str(outside), self.bundle.rootfs / "d/climbing")
        os.symlink(self.scratch, self.bundle.rootfs / "d/directory")
        found = self.copied("readlink /d/absolute; readlink /d/climbing; readlink /d/directory; cat /d/absolute /d/climbing", code=1)
        self.assertEqual(found, f"{outside}\n../../../../..{outside}\n{self.scratch}\n")

    def test_a_FIFO_is_not_waited_for(self):
        self.bundle.directory("/d")
        os.mkfifo(self.bundle.rootfs / "d/fifo")
        self.assertEqual(self.copied("stat -c %F /d/fifo", timeout=5), "fifo\n")

    def test_a_device_is_copied_and_not_opened(self):
        self.bundle.directory("/d")
        os.mknod(self.bundle.rootfs / "d/null", 0o20666, os.makedev(1, 3))
        os.mknod(self.bundle.rootfs / "d/nothing", 0o20666, os.makedev(77, 77))
        self.assertEqual(self.copied("stat -c '%F %t:%T' /d/null /d/nothing"), "character special file 1:3\ncharacter special file 4d:4d\n")

    @not_on("runc", "copies it, and it works then")
    @not_on("crun", "likewise")
    def test_a_device_that_cannot_be_used_where_it_is_is_none_in_the_copy(self):
        (self.scratch / "source").mkdir()
        os.mknod(self.scratch / "source/null", 0o20666, os.makedev(1, 3))
        self.mount("/d", self.scratch / "source", "bind", ("bind", "nodev"))
        self.assertEqual(self.copied("ls /d"), "")

    def test_a_tree_that_is_deeper_than_any_should_be(self):
        place = self.bundle.directory("/d")
        descriptor = os.open(place, os.O_RDONLY)
        for _ in range(2000):
            os.mkdir("d", dir_fd=descriptor)
            below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        os.close(descriptor)
        self.mount("/d", "tmpfs", "tmpfs", ("tmpcopyup",))
        result = self.run_container("/bin/true", code=None)
        if IS_CRUMB:
            self.assertEqual(result.code, 1)
            self.assertIn('mount "tmpfs" on "/d": d: Too many levels of symbolic links', result.err)

    def test_a_copy_that_does_not_fit_is_an_error(self):
        self.bundle.file("/d/file", b"x" * 200_000)
        self.mount("/d", "tmpfs", "tmpfs", ("tmpcopyup", "size=64k"))
        self.run_fails("/bin/true", words=crumb_says('mount "tmpfs" on "/d": file: No space left on device'))

    def test_a_directory_behind_a_link_is_the_roots_own(self):
        outside = self.scratch / "outside"
        outside.mkdir()
        (outside / "secret").write_text("of the host\n")
        self.bundle.file(f"{outside}/inside", "of the container\n")
        os.symlink(outside, self.bundle.rootfs / "d")
        self.assertEqual(self.copied("ls /d/"), "inside\n")

    def test_it_can_be_read_only(self):
        self.bundle.file("/d/file", "text\n")
        self.assertEqual(self.copied("cat /d/file; touch /d/new", "ro", code=1), "text\n")

    def test_nothing_is_copied_from_a_directory_that_is_not_there(self):
        self.assertEqual(self.copied("ls /d"), "")

    @only_crumb("the place in the message")
    def test_other_filesystems_cannot_be_filled(self):
        self.mount("/d", self.scratch, "bind", ("bind", "tmpcopyup"))
        self.run_fails("/bin/true", words='config.json: mounts[6].options: "tmpcopyup" is for a tmpfs')

    def test_the_root_cannot_be_covered(self):
        self.mount("/", "tmpfs", "tmpfs", ("tmpcopyup",))
        self.run_fails("/bin/true")


class CopyLink(ContainerCase):
    """copy-symlink, crun's: a source that is a link is made again."""

    def bind(self, source, *options):
        self.mount("/m", source, "bind", ("bind", "copy-symlink", *options))

    @not_on("runc", "does not know it")
    @not_on("crun", "1.8.1 loses it")
    def test_a_link_is_made_again(self):
        os.symlink("../elsewhere", self.scratch / "link")
        self.bind(self.scratch / "link")
        self.assertEqual(self.sh("readlink /m"), "../elsewhere\n")

    @not_on("runc", "does not know it")
    @not_on("crun", "1.8.1 loses it")
    def test_one_that_is_there_already_is_fine(self):
        os.symlink("../elsewhere", self.scratch / "link")
        os.symlink("../elsewhere", self.bundle.rootfs / "m")
        self.bind(self.scratch / "link")
        self.assertEqual(self.sh("readlink /m"), "../elsewhere\n")

    def test_something_else_in_its_place_is_an_error(self):
        os.symlink("../elsewhere", self.scratch / "link")
        os.symlink("somewhere", self.bundle.rootfs / "m")
        self.bind(self.scratch / "link")
        self.run_fails("/bin/true", words=crumb_says('on "/m": File exists'))

    @not_on("runc", "does not know it")
    def test_what_is_no_link_is_bound(self):
        (self.scratch / "file").write_text("text\n")
        self.bind(self.scratch / "file")
        self.assertEqual(self.sh("cat /m"), "text\n")


class TmpfsMode(ContainerCase):
    @not_on("crun", "gives it 1777")
    def test_a_tmpfs_has_the_mode_of_what_it_covers(self):
        self.bundle.directory("/m", 0o751)
        self.mount("/m", "tmpfs", "tmpfs")
        self.assertEqual(self.sh("stat -c %a /m /tmp"), "751\n1777\n")

    def test_its_own_options_say_otherwise(self):
        self.bundle.directory("/m", 0o751)
        self.mount("/m", "tmpfs", "tmpfs", ("mode=0700",))
        self.assertEqual(self.sh("stat -c %a /m"), "700\n")

    def test_one_on_a_new_directory_is_everybodys(self):
        self.mount("/new", "tmpfs", "tmpfs")
        self.assertEqual(self.sh("stat -c %a /new"), "1777\n")


class RecursiveAttributes(ContainerCase):
    """rro and its kind reach the mounts below a bind; ro alone does not."""

    def below(self, *options):
        """Options of /m and of a mount below it."""
        source = self.scratch / "source"
        (source / "below").mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source / "below"], check=True)
        self.addCleanup(subprocess.run, ["umount", source / "below"])
        self.mount("/m", source, "bind", ("rbind", *options))
        lines = self.sh("cat /proc/self/mountinfo")
        found = {mount.target: mount.options for mount in map(MountInfo, lines.splitlines())}
        return found["/m"], found["/m/below"]

    def test_ro_means_the_mount_alone(self):
        top, below = self.below("ro")
        self.assertIn("ro", top)
        self.assertIn("rw", below)

    def both_have(self, word, *options):
        top, below = self.below(*options)
        self.assertIn(word, top)
        self.assertIn(word, below)

    def test_rro(self):
        self.both_have("ro", "rro")

    def test_rnosuid(self):
        self.both_have("nosuid", "rnosuid")

    def test_rnodev(self):
        self.both_have("nodev", "rnodev")

    def test_rnoexec(self):
        self.both_have("noexec", "rnoexec")

    def test_rnoatime(self):
        self.both_have("noatime", "rnoatime")

    def test_several(self):
        top, below = self.below("rro", "rnosuid", "rnoexec", "nodev")
        for word in ("ro", "nosuid", "noexec"):
            self.assertIn(word, below)
        self.assertIn("nodev", top)
        self.assertNotIn("nodev", below)


class Words(ContainerCase):
    """Every word that runc or crun know."""

    WORDS = """async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion
        nolazytime nomand norelatime nostrictatime nosuid nosymfollow rbind relatime ro rw silent strictatime suid symfollow sync
        private rprivate shared rshared slave rslave unbindable runbindable rro rrw rnosuid rsuid rnodev rdev rnoexec rexec
        rnodiratime rdiratime rrelatime rnorelatime rnoatime ratime rstrictatime rnostrictatime rnosymfollow rsymfollow rsync rasync
        rdirsync rmand rnomand""".split()

    @only_crumb("the union of both lists")
    def test_each_is_accepted_for_a_bind_and_for_a_tmpfs(self):
        (self.scratch / "source").mkdir()
        for word in self.WORDS:
            self.mount(f"/bind-{word}", self.scratch / "source", "bind", ("bind", word))
            if "bind" not in word or "unbindable" in word:
                self.mount(f"/tmpfs-{word}", "tmpfs", "tmpfs", (word,))
        self.run_container("/bin/true")


class RootPropagation(ContainerCase):
    def propagation(self, word):
        self.linux["rootfsPropagation"] = word
        return sorted(self.mountinfo("/").propagation)

    def test_private(self):
        self.assertEqual(self.propagation("private"), [])

    def test_rprivate(self):
        self.assertEqual(self.propagation("rprivate"), [])

    def test_slave(self):
        self.assertNotIn("shared", self.propagation("slave"))

    def test_rslave(self):
        self.assertNotIn("shared", self.propagation("rslave"))

    def test_shared(self):
        self.assertIn("shared", self.propagation("shared"))

    def test_rshared_reaches_all_mounts(self):
        self.linux["rootfsPropagation"] = "rshared"
        lines = self.sh("cat /proc/self/mountinfo").splitlines()
        self.assertEqual([m.target for m in map(MountInfo, lines) if "shared" not in m.propagation], [])

    def test_unbindable(self):
        self.assertIn("unbindable", self.propagation("unbindable"))

    def test_runbindable_leaves_binds_possible(self):
        (self.scratch / "source").mkdir()
        self.mount("/m", self.scratch / "source", "bind", ("bind",))
        self.assertIn("unbindable", self.propagation("runbindable"))

    def test_a_mount_in_a_shared_root_does_not_show_on_the_host(self):
        self.linux["rootfsPropagation"] = "rshared"
        self.mount("/m", "tmpfs", "tmpfs")
        self.running()
        self.assertNotIn(str(self.bundle.rootfs), pathlib.Path("/proc/self/mountinfo").read_text())


class Dev(ContainerCase):
    def test_a_link_in_the_place_of_dev_gets_no_devices(self):
        """runc CVE-2026-41579, crun CVE-2026-47766."""
        outside = self.scratch / "outside"
        outside.mkdir()
        (self.bundle.rootfs / "dev").rmdir()
        os.symlink(outside, self.bundle.rootfs / "dev")
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.run_container("/bin/true", code=None)
        self.assertEqual(list(outside.iterdir()), [])

    @only_crumb("an error instead of devices elsewhere")
    def test_it_is_an_error(self):
        (self.bundle.rootfs / "dev").rmdir()
        os.symlink("/tmp", self.bundle.rootfs / "dev")
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.run_fails("/bin/true", words='device "/dev/null": Too many levels of symbolic links')

    def test_a_bound_dev_is_left_as_it_is(self):
        source = self.scratch / "dev"
        source.mkdir()
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.mount("/dev", source, "bind", ("rbind",))
        self.run_container("/bin/busybox", "true")
        self.assertEqual(list(source.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
