import os
import shutil
import unittest

from engine_case import ENGINE, STATIC, EngineCase, guest

ROOT = os.geteuid() == 0


class Files(EngineCase):
    """In a root filesystem of its own (chroot): /etc/name, /a/b (the working directory), /tmp."""

    def setUp(self):
        super().setUp()
        if not ROOT or not STATIC:
            self.skipTest("needs root for chroot and a static engine")
        for name in ("etc", "a/b", "tmp", "data"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "etc/name").write_text("in etc\n")
        (self.folder / "a/near").write_text("in a\n")
        (self.folder / "a/b/here").write_text("in b\n")
        shutil.copy(shutil.which(ENGINE), self.folder / "crumb-wasm")

    def inside(self, name, *arguments, directory="/a/b", before=lambda: None):
        shutil.copy(guest(name), self.folder / "tmp")

        def enter():
            os.chroot(self.folder)
            os.chdir(directory)
            before()

        return self.engine("/tmp/" + name + ".wasm", *arguments, engine="/crumb-wasm", preexec_fn=enter)

    def reads(self, path, text, **options):
        self.assertEqual(self.inside("cwd", path, **options).stdout, f"{path}: {text}\n")

    def test_an_absolute_path_is_absolute(self):
        self.reads("/etc/name", "in etc")

    def test_a_relative_path_starts_in_the_working_directory(self):
        self.reads("here", "in b")

    def test_a_relative_path_starts_in_the_root_when_that_is_the_working_directory(self):
        self.reads("etc/name", "in etc", directory="/")

    def test_two_dots_leave_the_working_directory(self):
        self.reads("../near", "in a")
        self.reads("../../etc/name", "in etc")
        self.reads("/a/../etc/name", "in etc")

    def test_two_dots_do_not_leave_the_root(self):
        self.assertIn("Capabilities insufficient", self.inside("cwd", "../../../etc/name").stdout)

    def test_an_absolute_link_is_followed_inside_the_root(self):
        (self.folder / "a/b/link").symlink_to("/etc/name")
        self.reads("link", "in etc")
        self.reads("/a/b/link", "in etc")

    def test_a_link_to_a_directory_above_is_followed(self):
        (self.folder / "a/b/up").symlink_to("../../etc")
        self.reads("up/name", "in etc")

    def test_a_top_level_link_to_a_directory_is_followed(self):
        (self.folder / "conf").symlink_to("etc")
        self.reads("/conf/name", "in etc")

    def test_a_loop_of_links_is_an_error(self):
        (self.folder / "a/b/one").symlink_to("two")
        (self.folder / "a/b/two").symlink_to("/a/b/one")
        self.assertIn("Symbolic link loop", self.inside("cwd", "one").stdout)

    def test_readlink_returns_what_the_link_holds(self):
        (self.folder / "a/b/link").symlink_to("/etc/name")
        self.assertEqual(self.inside("files", "link", "l").stdout, "/etc/name\n")

    def test_a_new_link_holds_what_the_guest_wrote(self):
        self.assertEqual(self.inside("files", "../made", "s", "/etc/name").returncode, 0)
        self.assertEqual(os.readlink(self.folder / "a/made"), "/etc/name")

    def test_a_file_is_written_and_renamed_above_the_working_directory(self):
        self.assertEqual(self.inside("files", "../new", "w", "text").returncode, 0)
        self.assertEqual(self.inside("files", "../new", "r", "/data/newer").returncode, 0)
        self.assertEqual((self.folder / "data/newer").read_text(), "text")

    def test_a_directory_is_listed(self):
        self.assertIn("near\n", self.inside("files", "..", "d").stdout)

    def test_a_working_directory_below_an_unreadable_one_works(self):
        """Opening each directory from the root on would need the right to read it; searching is enough."""
        os.chmod(self.folder, 0o755)
        os.chmod(self.folder / "a", 0o711)
        self.reads("here", "in b", before=lambda: os.setresuid(65534, 65534, 65534))

    def test_a_working_directory_outside_the_root_is_refused(self):
        shutil.copy(guest("hello"), self.folder / "tmp")

        outside = os.open("/", os.O_PATH)

        def leave():
            os.chroot(self.folder)
            os.chdir("/")
            os.fchdir(outside)

        result = self.engine("/tmp/hello.wasm", engine="/crumb-wasm", preexec_fn=leave)
        os.close(outside)
        self.refused(result, "working directory")


class KernelFiles(EngineCase):
    """Seen to fail without the guard: build with -Wl,--wrap=openat left out of src/engine/CMakeLists.txt."""

    def test_no_file_of_procfs_or_sysfs_opens(self):
        result = self.run_guest("procfs", self.folder, cwd="/tmp")
        self.assertEqual(result.stdout, "0 opened\n", result.stderr)

    def test_none_opens_from_the_root_as_working_directory(self):
        result = self.run_guest("procfs", self.folder, cwd="/")
        self.assertEqual(result.stdout, "0 opened\n", result.stderr)

    @unittest.skipUnless(ROOT, "needs root for mounts")
    def test_none_opens_through_another_mount_of_procfs(self):
        (self.folder / "proc").mkdir()
        (self.folder / "file").touch()
        script = 'mount -t proc proc "$1/proc" && mount --bind /proc/self/mem "$1/file" && shift && exec "$@"'
        result = self.engine("--mount", "--propagation", "private", "sh", "-c", script, "sh", self.folder, ENGINE, guest("procfs"),
                             self.folder, f"{self.folder}/proc/self/mem", f"{self.folder}/file", "file", "proc/1/mem",
                             engine="unshare", cwd=self.folder)
        self.assertEqual(result.stdout, "0 opened\n", result.stderr)

    def test_a_working_directory_on_procfs_is_refused(self):
        self.refused(self.run_guest("hello", cwd="/proc/self"), "cannot be given to a guest")


if __name__ == "__main__":
    unittest.main()
