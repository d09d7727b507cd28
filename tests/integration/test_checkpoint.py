"""checkpoint and restore, against a stand-in for criu (tests/fakes/criu): the real one needs more of the machine than tests may ask for.

What is shown is the runtime's share: what it asks criu for, what becomes of the container, and what it says when criu fails.
"""

import json
import os
import pathlib
import unittest

from support import IS_CRUMB, REPOSITORY, UNIFIED, ContainerCase, crumb_says, only_crumb
from terminal import Receiver

FAKES = REPOSITORY / "tests/fakes"
CLONE_NEWNET = 0x40000000
SLEEP = ("/bin/sleep", "1000")


class CheckpointCase(ContainerCase):
    def setUp(self):
        super().setUp()
        self.images = self.folder / "images"
        self.log = self.folder / "requests"

    def criu(self, **wishes):
        return {**os.environ, "PATH": f"{FAKES}:{os.environ['PATH']}", "FAKE_CRIU_LOG": str(self.log), "FAKE_CRIU": json.dumps(wishes)}

    def requests(self, *kinds):
        """What criu was asked, all or those of these types."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [request for request in map(json.loads, lines) if not kinds or request["type"] in kinds]

    def asked(self, kind):
        """The options of the only request of this type."""
        (request,) = self.requests(kind)
        return request["opts"]

    def external_mounts(self, kind):
        """Those of a request, as key -> value, in either of rpc.proto's forms."""
        opts = self.asked(kind)
        found = {entry["key"]: entry["val"] for entry in opts.get("ext_mnt", [])}
        for entry in opts.get("external", []):
            if entry.startswith("mnt["):
                key, _, value = entry[4:].partition("]:")
                found[key] = value
        return found

    def checkpoint(self, *flags, wishes=None, code=0, **popen):
        return self.runtime("checkpoint", "--image-path", self.images, *flags, self.name, code=code, env=self.criu(**(wishes or {})), **popen)

    def checkpoint_fails(self, *flags, words="", wishes=None, **popen):
        return self.fails("checkpoint", "--image-path", self.images, *flags, self.name, words=words, env=self.criu(**(wishes or {})), **popen)

    def restore_line(self, *flags):
        return "restore", "--image-path", self.images, "--bundle", self.bundle.path, *flags, self.name

    def restore(self, *flags, wishes=None, **popen):
        self.addCleanup(self.delete_forcibly)
        return self.runtime(*self.restore_line("--detach", *flags), env=self.criu(**(wishes or {})), **popen)

    def restore_fails(self, *flags, words="", wishes=None, **popen):
        return self.fails(*self.restore_line("--detach", *flags), words=words, env=self.criu(**(wishes or {})), **popen)

    def checkpointed(self, *flags):
        """A container that is files now."""
        self.running(*SLEEP)
        self.checkpoint(*flags)
        self.log.unlink()


class Checkpoint(CheckpointCase):
    def test_the_container_is_gone_afterwards_with_its_cgroups(self):
        self.running(*SLEEP)
        self.checkpoint()
        self.unknown()
        self.assertFalse(self.cgroup_folder("freezer").exists())

    def test_it_goes_on_with_leave_running(self):
        self.running(*SLEEP)
        pid = self.pid()
        self.checkpoint("--leave-running")
        self.assertEqual((self.status(), self.pid()), ("running", pid))
        self.assertTrue(self.asked("dump")["leave_running"])

    def test_it_goes_on_after_a_pre_dump_on_which_a_dump_can_build(self):
        self.running(*SLEEP)
        first = self.folder / "first"
        self.runtime("checkpoint", "--pre-dump", "--image-path", first, self.name, env=self.criu())
        self.assertEqual(self.status(), "running")
        self.assertEqual([r["type"] for r in self.requests("pre-dump", "feature-check")], ["feature-check", "pre-dump"])
        self.checkpoint("--parent-path", "../first")
        opts = self.asked("dump")
        self.assertEqual((opts["parent_img"], opts["track_mem"]), ("../first", True))
        self.unknown()

    def test_criu_is_told_the_process_its_root_and_the_freezer(self):
        self.running(*SLEEP)
        pid = self.pid()
        self.checkpoint()
        opts = self.asked("dump")
        self.assertEqual((opts["pid"], opts["root"]), (pid, str(self.bundle.rootfs)))
        self.assertEqual(opts["freeze_cgroup"], str(self.cgroup_folder("freezer")))
        self.assertEqual((opts["log_file"], opts["log_level"], opts["notify_scripts"]), ("dump.log", 4, True))
        self.assertEqual((opts["orphan_pts_master"], opts.get("manage_cgroups_mode", 6), opts["empty_ns"]), (True, 6, CLONE_NEWNET))

    def test_every_flag_reaches_criu(self):
        self.running(*SLEEP)
        work = self.folder / "work"
        self.checkpoint("--work-path", work, "--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--auto-dedup",
                        "--manage-cgroups-mode", "strict", "--empty-ns", "network", "--page-server", "127.0.0.1:4711")
        opts = self.asked("dump")
        for name in ("tcp_established", "ext_unix_sk", "shell_job", "file_locks", "auto_dedup"):
            self.assertTrue(opts[name], name)
        self.assertEqual((opts["manage_cgroups_mode"], opts["ps"]), (5, {"address": "127.0.0.1", "port": 4711}))
        self.assertIn("work_dir_fd", opts)
        self.assertTrue(work.is_dir())

    @only_crumb("the set of flags (runc 1.1 lacks some)")
    def test_newer_flags_reach_criu_too(self):
        self.running(*SLEEP)
        self.checkpoint("--tcp-skip-in-flight", "--tcp-close", "--link-remap")
        opts = self.asked("dump")
        self.assertTrue(opts["tcp_skip_in_flight"] and opts["tcp_close"] and opts["link_remap"], opts)

    def test_binds_and_masked_files_are_external(self):
        self.bundle.file("/etc/secret", "x")
        self.mount("/data", self.scratch, "bind", ["bind"])
        self.linux["maskedPaths"] = ["/etc/secret", "/root", "/nowhere"]
        self.running(*SLEEP)
        self.checkpoint()
        mounts = self.external_mounts("dump")
        self.assertEqual((mounts["/data"], mounts["/etc/secret"]), ("/data", "/dev/null"))
        self.assertNotIn("/root", mounts)  # a directory: its mask is the container's
        self.assertNotIn("/nowhere", mounts)
        self.assertNotIn("/proc", mounts)

    def test_a_bind_behind_a_link_is_named_by_where_it_is(self):
        (self.bundle.rootfs / "real").mkdir()
        (self.bundle.rootfs / "link").symlink_to("/real")
        self.mount("/link/data", self.scratch, "bind", ["bind"])
        self.running(*SLEEP)
        self.checkpoint()
        self.assertEqual(self.external_mounts("dump")["/real/data"], "/real/data")

    def test_a_network_namespace_that_was_there_before_is_external(self):
        with self.holder("--net") as pid:
            path = f"/proc/{pid}/ns/net"
            self.namespace("network", path=path)
            self.running(*SLEEP)
            self.checkpoint()
            self.assertIn(f"net[{os.stat(path).st_ino}]:extRootNetNS", self.asked("dump")["external"])
            self.log.unlink()
            self.restore()
            keys = [entry["key"] for entry in self.asked("restore")["inherit_fd"]]
            self.assertIn("extRootNetNS", keys)

    def test_the_images_say_where_its_descriptors_led(self):
        read, write = os.pipe()
        pipe = os.readlink(f"/proc/self/fd/{write}")
        self.create(*SLEEP, stdout=write, stderr=write)
        self.start()
        self.checkpoint()
        found = json.loads((self.images / "descriptors.json").read_text())
        self.assertEqual((len(found), found[1], found[2]), (3, pipe, pipe))
        os.close(read)
        os.close(write)

    def test_the_status_descriptor_gets_a_nul_when_lazy_pages_are_ready(self):
        self.running(*SLEEP)
        read, write = os.pipe()
        self.checkpoint("--lazy-pages", "--status-fd", str(write), pass_fds=[write])
        os.close(write)
        with open(read, "rb") as status:
            self.assertEqual(status.read(), b"\0")
        self.assertTrue(self.asked("dump")["lazy_pages"])

    def test_a_paused_container_can_be_checkpointed(self):
        self.running(*SLEEP)
        self.runtime("pause", self.name)
        self.checkpoint("--leave-running")
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)

    def test_a_configuration_file_for_criu_can_be_named_by_an_annotation(self):
        self.config["annotations"] = {"org.criu.config": "/etc/criu/mine.conf"}
        self.running(*SLEEP)
        self.checkpoint()
        self.assertEqual(self.asked("dump")["config_file"], "/etc/criu/mine.conf")


class CheckpointFailures(CheckpointCase):
    def still_runs(self, pid):
        self.assertEqual((self.status(), self.pid()), ("running", pid))

    def test_without_criu_the_error_names_it_and_the_container_goes_on(self):
        self.running(*SLEEP)
        result = self.fails("checkpoint", "--image-path", self.images, self.name, env={**os.environ, "PATH": str(self.scratch)})
        if IS_CRUMB:
            self.assertEqual(result.err, "crumb: checkpoint: criu is not installed: there is no such program in $PATH\n")
        self.assertEqual(self.status(), "running")

    @only_crumb("the message")
    def test_criu_s_own_words_and_its_log_are_in_the_error(self):
        self.running(*SLEEP)
        pid = self.pid()
        work = self.folder / "work"
        line = "(00.01) Error (criu/mount.c:1): mnt: cannot be dumped"
        self.checkpoint_fails("--work-path", work, wishes={"fail": "dump", "errno": 16, "log": line},
                              words=f'container "{self.name}": criu cannot checkpoint it: Device or resource busy: '
                                    f"Error (criu/mount.c:1): mnt: cannot be dumped; see {work}/dump.log")
        self.checkpoint_fails(wishes={"fail": "dump", "errno": 1, "message": "no way"}, words="criu cannot checkpoint it: no way; see")
        self.still_runs(pid)

    def test_a_criu_that_fails_or_dies_leaves_the_container_running(self):
        self.running(*SLEEP)
        pid = self.pid()
        for wishes in ({"fail": "dump", "errno": 22}, {"die": "dump"}, {"die": "post-dump"}, {"die": "version"}):
            with self.subTest(wishes):
                self.checkpoint_fails(wishes=wishes, words=crumb_says("criu"))
                self.still_runs(pid)

    @only_crumb("the thaw")
    def test_a_container_that_a_dying_criu_left_frozen_goes_on(self):
        self.running(*SLEEP)
        pid = self.pid()
        freezer = self.cgroup_folder("freezer") / ("cgroup.freeze" if UNIFIED else "freezer.state")
        self.checkpoint_fails(wishes={"die": "post-dump", "freeze": [str(freezer), "1" if UNIFIED else "FROZEN"]})
        self.until(lambda: self.status() == "running", "the container stays frozen")
        self.still_runs(pid)

    def test_a_stopped_or_created_container_is_refused(self):
        self.create("/bin/true")
        self.checkpoint_fails(words=crumb_says("cannot be checkpointed in created state"))
        self.start()
        self.wait_status("stopped")
        self.checkpoint_fails(words=crumb_says("cannot be checkpointed in stopped state"))
        self.assertEqual(self.requests("dump"), [])

    def test_an_unknown_container_is_refused(self):
        self.checkpoint_fails(words="does not exist")

    def test_options_that_make_no_sense_are_refused_before_criu_is_asked(self):
        self.running(*SLEEP)
        for flags, words in [
            (("--manage-cgroups-mode", "tight"), "--manage-cgroups-mode tight: it is none of soft, full, strict and ignore"),
            (("--empty-ns", "pid"), "--empty-ns pid: only network can be left empty"),
            (("--page-server", "here"), "--page-server here: it is not ADDRESS:PORT"),
            (("--page-server", ":1"), "--page-server :1: it is not ADDRESS:PORT"),
            *([(("--page-server", "here:70000"), "--page-server here:70000: it is not ADDRESS:PORT")] if IS_CRUMB else []),
            (("--parent-path", "/images"), "--parent-path /images: it must be relative to --image-path"),
            (("--parent-path", "nowhere"), "--parent-path nowhere: "),
        ]:
            with self.subTest(flags):
                self.checkpoint_fails(*flags, words=crumb_says(words))
        self.assertEqual(self.requests("dump"), [])
        self.assertEqual(self.status(), "running")

    @only_crumb("the message")
    def test_an_old_criu_and_one_without_a_feature_are_refused(self):
        self.running(*SLEEP)
        self.checkpoint_fails(wishes={"version": [3, 14]}, words="checkpoint: criu 3.14.1 is too old: 3.15 is needed")
        self.checkpoint_fails("--pre-dump", wishes={"features": []}, words="--pre-dump: criu or the kernel cannot track changes of memory")
        self.assertEqual(self.status(), "running")


class Restore(CheckpointCase):
    def test_the_container_runs_again_and_can_be_executed_in_killed_and_deleted(self):
        self.checkpointed()
        self.restore()
        self.assertEqual(self.status(), "running")
        self.assertIn("sleep", pathlib.Path(f"/proc/{self.pid()}/cmdline").read_text())
        self.assertEqual(self.inside("echo inside"), "inside\n")
        self.kill()
        self.wait_status("stopped")
        self.runtime("delete", self.name)
        self.unknown()

    def test_it_is_in_its_cgroups_with_its_limits(self):
        self.linux["resources"] = {"pids": {"limit": 77}}
        self.checkpointed()
        self.restore()
        folder = self.cgroup_folder("pids")
        self.assertEqual((folder / "pids.max").read_text(), "77\n")
        self.assertIn(str(self.pid()), (folder / "cgroup.procs").read_text().split())
        roots = self.asked("restore")["cg_root"]
        self.assertIn(self.linux["cgroupsPath"], [root["path"] for root in roots])

    def test_criu_is_given_the_root_filesystem_as_a_mount_that_is_gone_afterwards(self):
        self.checkpointed()
        self.restore()
        (request,) = self.requests("restore")
        self.assertTrue(request["root_is_mounted"])
        self.assertIn("bin", request["root_entries"])
        self.assertNotIn(request["opts"]["root"], pathlib.Path("/proc/self/mountinfo").read_text())
        self.assertFalse(os.path.exists(request["opts"]["root"]))

    def test_the_sources_of_binds_are_those_of_the_bundle(self):
        self.mount("/data", self.scratch, "bind", ["bind"])
        self.checkpointed()
        self.restore()
        mounts = self.external_mounts("restore")
        self.assertEqual((mounts["/data"], mounts["/dev/null"]), (str(self.scratch), "/dev/null"))

    def test_mount_points_that_a_fresh_root_filesystem_lacks_are_made(self):
        outer = self.folder / "outer"
        outer.mkdir()
        file = self.new_path("file")
        file.write_text("x")
        self.mount("/outer", outer, "bind", ["rbind"])
        self.mount("/outer/inner/deep", self.scratch, "bind", ["bind"])
        self.mount("/etc/one", file, "bind", ["bind"])
        self.checkpointed()
        (self.bundle.rootfs / "outer").rmdir()
        (outer / "inner/deep").rmdir()
        (self.bundle.rootfs / "etc/one").unlink()
        (self.bundle.rootfs / "proc").rmdir()
        self.restore()
        self.assertTrue((self.bundle.rootfs / "outer").is_dir())
        self.assertTrue((self.bundle.rootfs / "proc").is_dir())
        self.assertTrue((self.bundle.rootfs / "etc/one").is_file())
        self.assertTrue((outer / "inner/deep").is_dir())
        self.assertEqual(list((outer / "inner/deep").iterdir()), [])  # nothing is mounted there on the host

    def test_mount_points_are_not_made_outside_the_root_filesystem(self):
        self.mount("/escape/made", self.scratch, "bind", ["bind"])
        self.checkpointed()
        (self.bundle.rootfs / "escape/made").rmdir()
        (self.bundle.rootfs / "escape").rmdir()
        target = self.folder / "target"
        target.mkdir()
        (self.bundle.rootfs / "escape").symlink_to("../" * 20 + str(target)[1:])
        self.restore()
        self.assertEqual(list(target.iterdir()), [])
        self.assertTrue((self.bundle.rootfs / str(target)[1:] / "made").is_dir())

    def test_the_pid_file_holds_its_pid(self):
        self.checkpointed()
        pid_file = self.folder / "pid"
        self.restore("--pid-file", pid_file)
        self.assertEqual(pid_file.read_text(), str(self.pid()))

    def test_pipes_are_replaced_by_the_caller_s(self):
        read, write = os.pipe()
        pipe = os.readlink(f"/proc/self/fd/{write}")
        self.create(*SLEEP, stdout=write)
        self.start()
        self.checkpoint()
        self.log.unlink()
        self.restore()
        self.assertEqual(self.asked("restore")["inherit_fd"], [{"key": pipe, "fd": 1}])
        os.close(read)
        os.close(write)

    def test_in_the_foreground_it_exits_with_the_program_s_code(self):
        self.running("/bin/sh", "-c", "exit 7")
        self.images.mkdir()
        (self.images / "descriptors.json").write_text('["/dev/null", "/dev/null", "/dev/null"]')
        (self.images / "command.json").write_text('["/bin/sh", "-c", "exit 7"]')
        self.delete_forcibly()
        self.runtime(*self.restore_line(), env=self.criu(), code=7)
        self.unknown()

    def test_every_flag_reaches_criu(self):
        self.checkpointed()
        work = self.folder / "work"
        self.restore("--work-path", work, "--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--auto-dedup",
                     "--lazy-pages", "--manage-cgroups-mode", "full", "--no-pivot", "--no-subreaper",
                     "--lsm-profile", "apparmor:x", "--lsm-mount-context", "system_u:object_r:container_file_t:s0")
        opts = self.asked("restore")
        for name in ("tcp_established", "ext_unix_sk", "shell_job", "file_locks", "auto_dedup", "lazy_pages", "rst_sibling"):
            self.assertTrue(opts[name], name)
        self.assertEqual(opts["log_file"], "restore.log")
        if IS_CRUMB:  # runc 1.1 loses it
            self.assertEqual(opts["manage_cgroups_mode"], 4)
        self.assertEqual((opts["lsm_profile"], opts["lsm_mount_context"]), ("apparmor:x", "system_u:object_r:container_file_t:s0"))

    def test_other_namespaces_with_a_path_are_joined(self):
        with self.holder("--ipc") as pid:
            self.namespace("ipc", path=f"/proc/{pid}/ns/ipc")
            self.checkpointed()
            self.restore()
            self.assertEqual(self.asked("restore")["join_ns"], [{"ns": "ipc", "ns_file": f"/proc/{pid}/ns/ipc"}])

    def test_the_master_of_its_terminal_goes_to_the_console_socket(self):
        self.process["terminal"] = True
        receiver = Receiver(self.new_path("console"))
        self.addCleanup(receiver.close)
        self.create(*SLEEP, flags=["--console-socket", receiver.path])
        first, _ = receiver.receive()
        self.start()
        self.checkpoint()
        self.restore("--console-socket", receiver.path, wishes={"terminal": True})
        second, _ = receiver.receive()
        self.assertTrue(os.isatty(second))
        os.close(first)
        os.close(second)


class RestoreFailures(CheckpointCase):
    def test_without_criu_the_error_names_it(self):
        self.bundle.write()
        self.images.mkdir()
        result = self.fails(*self.restore_line(), env={**os.environ, "PATH": str(self.scratch)})
        if IS_CRUMB:
            self.assertEqual(result.err, "crumb: restore: criu is not installed: there is no such program in $PATH\n")

    def test_a_criu_that_fails_or_dies_leaves_nothing(self):
        self.checkpointed()
        for wishes in ({"fail": "restore", "errno": 22}, {"die": "restore"}, {"die": "setup-namespaces"}, {"die": "post-restore"}):
            with self.subTest(wishes):
                self.restore_fails(wishes=wishes, words=crumb_says("criu"))
                self.unknown()
                self.assertFalse(self.cgroup_folder("freezer").exists())

    @only_crumb("the message")
    def test_criu_s_own_words_and_its_log_are_in_the_error(self):
        self.checkpointed()
        self.restore_fails(wishes={"fail": "restore", "message": "no such pid", "log": "Error (criu/cr-restore.c:2): pid 7 is taken"},
                           words=f'criu cannot restore it: no such pid: Error (criu/cr-restore.c:2): pid 7 is taken; see {self.images}/restore.log')

    def test_a_terminal_that_nobody_takes_leaves_nothing(self):
        self.checkpointed()
        self.process["terminal"] = True
        self.bundle.write()
        self.restore_fails(words=crumb_says("console socket"))
        self.unknown()

    def test_images_that_are_not_there_are_an_error(self):
        self.bundle.write()
        self.restore_fails(words=crumb_says(f"--image-path {self.images}: No such file or directory"))
        self.unknown()

    def test_an_id_that_is_taken_is_refused_and_the_container_goes_on(self):
        self.running(*SLEEP)
        self.checkpoint("--leave-running")
        self.restore_fails(words=crumb_says("already exists"))
        self.assertEqual(self.status(), "running")

    @only_crumb("what can be deleted of a restore that was cut off")
    def test_delete_force_removes_what_a_killed_restore_left(self):
        self.checkpointed()
        self.addCleanup(self.delete_forcibly)
        restoring = self.spawn(*self.restore_line("--detach"), env=self.criu(hang="post-restore"))
        self.until(lambda: self.requests("restore"), "criu is not asked")
        self.until(lambda: self.state()["pid"] != 0, "the process is not recorded")
        self.assertEqual(self.status(), "creating")
        restoring.kill()
        self.delete_forcibly()  # kills criu, too, which is in the container's cgroups
        self.unknown()


if __name__ == "__main__":
    unittest.main()
