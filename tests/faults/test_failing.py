"""System calls that fail: each command says which step failed in one line and leaves nothing; newer calls have fallbacks."""

import fcntl
import os
import pathlib
import shlex
import subprocess
import unittest

from fault_case import FULL, RUNTIME, SLOW, FaultCase
from support import UNIFIED

# A call that does not occur this often any more has no effect: after this many successes in a row a series ends.
QUIET = 3


class Host(FaultCase):
    def each_occurrence(self, call, error, *arguments, prepare=lambda: None):
        """Lets the first, second ... CALL of the command fail. It fails with one line and leaves nothing, or does without."""
        quiet = occurrence = 0
        while quiet < QUIET:
            occurrence += 1
            prepare()
            result = self.seam(*arguments, host=f"{call}#{occurrence}={error}")
            what = f"{arguments[0]} whose {call} number {occurrence} fails with {error}"
            self.assertGreaterEqual(result.code, 0, f"{what}: {result}")
            if result.code == 0:
                quiet += 1
                self.force_and_clean(what)
            else:
                quiet = 0
                self.one_line(result, what, may_be_silent=call == "write")
                if arguments[0] in ("create", "run"):
                    self.clean(what)
                else:
                    self.force_and_clean(what)
            self.assertLess(occurrence, 500, what)

    def one_line(self, result, what, may_be_silent=False):
        lines = result.err.splitlines()
        if not (may_be_silent and not lines):  # the failing write may have been the message
            self.assertEqual(len(lines), 1, f"{what}: {result}")
            self.assertTrue(lines[0].startswith("crumb: "), f"{what}: {result}")

    def create_with(self, call, error):
        self.program("/bin/sleep", "1000")
        self.each_occurrence(call, error, *self.create_arguments())

    def test_create_without_room_for_directories(self):
        self.create_with("mkdirat", "ENOSPC")

    def test_create_without_room_for_files(self):
        self.create_with("write", "ENOSPC")

    def test_create_on_a_read_only_disk(self):
        self.create_with("mkdirat", "EROFS")

    def test_create_that_cannot_rename(self):
        self.create_with("renameat2", "ENOSPC")

    def test_create_that_may_not_open_more_files(self):
        self.create_with("openat", "EMFILE")
        self.create_with("openat2", "EMFILE")

    def test_create_that_cannot_lock(self):
        self.create_with("flock", "EIO")

    def test_create_without_a_socket_pair(self):
        self.create_with("socketpair", "EMFILE")

    def test_create_without_memory_for_a_memfd(self):
        self.create_with("memfd_create", "ENOMEM")

    def test_create_whose_messages_do_not_arrive(self):
        self.create_with("sendmsg", "EIO")
        self.create_with("recvmsg", "EIO")

    def test_create_without_FIFOs(self):
        self.create_with("mknodat", "ENOSPC")

    def test_create_without_pidfds(self):
        self.create_with("pidfd_open", "EMFILE")

    def test_create_without_a_process(self):
        self.create_with("clone", "EAGAIN")
        self.program("/bin/true")
        result = self.seam(*self.create_arguments(), host="clone=EAGAIN")
        self.assertIn("make the container's first process in new", result.err)
        self.assertIn("Resource temporarily unavailable", result.err)

    def test_run_without_room(self):
        self.program("/bin/true")
        self.each_occurrence("mkdirat", "ENOSPC", *self.run_arguments())
        self.each_occurrence("write", "ENOSPC", *self.run_arguments())

    def test_start_that_fails(self):
        self.program("/bin/sleep", "1000")
        for call, error in (("openat", "EMFILE"), ("flock", "EIO"), ("write", "EIO"), ("unlinkat", "EROFS")):
            with self.subTest(call):
                self.each_occurrence(call, error, "start", self.name, prepare=lambda: self.seam(*self.create_arguments()))

    def test_interrupted_calls_are_repeated(self):
        self.program("/bin/echo", "ran")
        for call in ("read", "write", "recvmsg", "sendmsg", "wait4", "ppoll", "openat", "flock"):
            for occurrence in range(1, 12 if FULL else 4):
                with self.subTest(call=call, occurrence=occurrence):
                    result = self.seam(*self.run_arguments(), host=f"{call}#{occurrence}=EINTR")
                    self.assertEqual((result.code, result.out), (0, "ran\n"), result)

    def test_a_cgroup_that_is_busy_at_first_is_removed_in_the_end(self):
        self.program("/bin/true")
        result = self.seam(*self.run_arguments(), host="unlinkat#1=EBUSY,unlinkat#2=EBUSY")
        self.assertEqual(result.code, 0, result)
        self.clean("run")


class Init(FaultCase):
    def fails(self, call, error, words, **more):
        """create with this call failing in init: one line that names the step, nothing left."""
        self.program("/bin/true")
        result = self.seam(*self.create_arguments(), init=f"{call}={error}")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.err.count("\n"), 1, result)
        for word in words:
            self.assertIn(word, result.err)
        self.clean(f"{call}={error} in init")

    def test_a_failing_mount_is_named_with_its_target(self):
        # Whichever of the two interfaces it uses.
        self.fails("mount=EACCES,fsmount=EACCES,move_mount=EACCES,open_tree", "EACCES", ["ermission denied"])

    def test_a_failing_fsopen_names_the_mount(self):
        self.program("/bin/true")
        result = self.seam(*self.create_arguments(), init="fsopen=EIO")
        self.assertEqual(result.code, 1, result)
        self.assertIn("mount", result.err)
        self.assertIn("Input/output error", result.err)
        self.clean("failing mounts")

    def test_a_failing_pivot_root_is_named(self):
        self.fails("pivot_root", "EINVAL", ["root", "Invalid argument"])

    def test_a_failing_sethostname_is_named(self):
        self.fails("sethostname", "EPERM", ["hostname", "box"])

    def test_a_failing_clone_is_named(self):
        self.linux["namespaces"].append({"type": "time"})  # for which crumb-init makes the container's process
        self.fails("clone3=EAGAIN,clone", "EAGAIN", ["first process", "Resource temporarily unavailable"])

    @unittest.skipIf(UNIFIED, "version 2: the process is made in its cgroup")
    def test_a_cgroup_that_cannot_be_entered_is_named(self):
        self.fails("write#1", "EINVAL", [f'cgroup "{self.linux["cgroupsPath"]}" in /sys/fs/cgroup/', "the process cannot join: Invalid argument"])

    def test_a_failing_unshare_is_named(self):
        self.fails("unshare", "ENOSPC", ["namespace", "No space left on device"])

    def test_failing_capabilities_are_named(self):
        self.fails("capset", "EPERM", ["capabilities"])

    def test_failing_groups_are_named(self):
        self.fails("setgroups", "EPERM", ["user"])

    def test_a_failing_chdir_is_named(self):
        self.fails("chdir", "EIO", ["Input/output error"])

    def test_a_failing_mknod_is_named_unless_the_node_can_be_bound(self):
        self.program("/bin/true")
        result = self.seam(*self.create_arguments(), init="mknodat=ENOSPC")
        self.assertEqual(result.code, 1, result)
        self.assertIn("/dev/", result.err)
        self.clean("a failing mknod")

    def test_a_failing_exec_is_reported_by_start(self):
        self.program("/bin/true")
        self.assertEqual(self.seam(*self.create_arguments(), init="execve=ENOMEM,execveat=ENOMEM").code, 0)
        result = self.seam("start", self.name)
        self.assertNotEqual(result.code, 0)
        self.assertIn("Cannot allocate memory", result.err)
        self.force_and_clean("start")

    def test_a_failing_exec_is_reported_by_run(self):
        self.program("/bin/true")
        result = self.seam(*self.run_arguments(), init="execve=ENOMEM,execveat=ENOMEM")
        self.assertNotEqual(result.code, 0)
        self.assertIn("Cannot allocate memory", result.err)
        self.clean("run")


class Seccomp(FaultCase):
    def setUp(self):
        super().setUp()
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                                 "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}
        self.program("/bin/true")

    def test_a_kernel_without_a_flag_is_named_before_anything_is_made(self):
        result = self.seam(*self.run_arguments(), host="seccomp=EINVAL")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.err, "crumb: config.json: linux.seccomp.flags: this kernel does not know SECCOMP_FILTER_FLAG_LOG\n")
        self.clean("an unknown flag")

    def test_a_filter_that_cannot_be_loaded_is_named(self):
        result = self.seam(*self.run_arguments(), init="seccomp=ENOMEM")
        self.assertEqual((result.code, result.err), (1, "crumb: seccomp filter: Cannot allocate memory\n"))
        self.clean("a filter that was not loaded")

    def test_a_filter_that_cannot_be_loaded_is_reported_by_start(self):
        self.assertEqual(self.seam(*self.create_arguments(), init="seccomp=ENOMEM").code, 0)
        self.assertEqual(self.status(), "created")
        result = self.seam("start", self.name)
        self.assertEqual((result.code, result.err), (1, "crumb: seccomp filter: Cannot allocate memory\n"))
        self.assertEqual(self.status(), "stopped")
        self.force_and_clean("start")

    def test_a_filter_that_cannot_be_loaded_is_reported_by_exec(self):
        self.program("/bin/sleep", "1000")
        self.assertEqual(self.seam(*self.create_arguments()).code, 0)
        self.assertEqual(self.seam("start", self.name).code, 0)
        result = self.seam("exec", self.name, "/bin/echo", "ran", init="seccomp=ENOMEM")
        self.assertEqual((result.code, result.out, result.err), (1, "", "crumb: seccomp filter: Cannot allocate memory\n"))
        self.force_and_clean("exec")


class OlderKernels(FaultCase):
    """Linux 5.10 lacks these calls: everything works without them."""

    RULES = ("mount_setattr=ENOSYS", "close_range=ENOSYS", "mount_setattr=ENOSYS,close_range=ENOSYS")

    def runs(self, *args, prepare=lambda: None, out="ran\n"):
        prepare()
        self.program(*args)
        for rules in self.RULES:
            with self.subTest(rules):
                result = self.seam(*self.run_arguments(), host=rules, init=rules)
                self.assertEqual((result.code, result.out), (0, out), result)

    def test_a_native_program_runs(self):
        self.runs("/bin/echo", "ran")

    def test_a_module_runs(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.runs("/hello.wasm", out="hello from wasm\n")

    def test_a_read_only_mount_is_read_only(self):
        source = self.scratch / "source"
        source.mkdir()
        self.mount("/m", source, "bind", ("rbind", "ro", "nosuid", "nodev", "noexec"))
        self.runs("/bin/sh", "-c", "touch /m/x 2>/dev/null || grep ' /m ' /proc/self/mountinfo | cut -d' ' -f6",
                  out="ro,nosuid,nodev,noexec,relatime\n")

    def test_a_read_only_root_is_read_only(self):
        self.config["root"]["readonly"] = True
        self.runs("/bin/sh", "-c", "touch /x 2>/dev/null || echo ran")

    def without(self, host="", init="", code=0, out="ran\n", **popen):
        result = self.seam(*self.run_arguments(), host=host, init=init, **popen)
        self.assertEqual((result.code, result.out), (code, out), result)
        return result

    def test_options_for_all_mounts_below_are_an_error_that_names_the_kernel(self):
        self.mount("/m", "/sys", "bind", ("rbind", "rro"))
        self.program("/bin/true")
        result = self.without(init="mount_setattr=ENOSYS", code=1, out="")
        self.assertEqual(result.err, 'crumb: bind mount "/sys" on "/m": its options: options for all mounts below (rro and the '
                                     "like) need Linux 5.12\n")

    def test_a_masked_and_a_read_only_path(self):
        self.runs("/bin/sh", "-c", "wc -c < /proc/keys; echo x 2>/dev/null > /proc/sys/kernel/hostname || echo ran", out="0\nran\n")

    def test_propagation_of_a_bind(self):
        self.mount("/m", self.scratch, "bind", ("bind", "rshared"))
        self.runs("/bin/sh", "-c", "grep -q ' /m .* shared:' /proc/self/mountinfo && echo ran")

    def test_memory_files_without_a_say_about_execution(self):
        # MFD_EXEC and MFD_NOEXEC_SEAL, Linux 6.3: EINVAL for the first try; with mount_setattr missing the programs are such files.
        self.program("/bin/echo", "ran")
        self.without(host="memfd_create#1=EINVAL")
        self.without(host="mount_setattr=ENOSYS,memfd_create#1=EINVAL,memfd_create#3=EINVAL")

    def test_the_setting_that_forbids_executable_memory_files_is_named(self):
        # vm.memfd_noexec belongs to a pid namespace; without mount_setattr the programs are memory files.
        self.program("/bin/echo", "ran")
        command = "echo 2 > /proc/sys/vm/memfd_noexec && exec setsid --wait " + shlex.join(map(str, [RUNTIME, *self.run_arguments()]))
        for rule, expected in (("", (0, "ran\n")), ("mount_setattr=ENOSYS", (1, ""))):
            with self.subTest(rule):
                result = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", command], capture_output=True,
                                        text=True, env={**os.environ, **({"CRUMB_SEAM": rule} if rule else {})}, timeout=20 * SLOW)
                self.assertEqual((result.returncode, result.stdout), expected, result.stderr)
        self.assertIn("sysctl vm.memfd_noexec forbids executable ones", result.stderr)

    def test_descriptors_without_close_range_and_procfs(self):
        # All of them are close-on-exec long before; this is the second look, over every number up to the limit.
        self.config["mounts"] = [mount for mount in self.config["mounts"] if mount["type"] != "proc"]
        self.linux["maskedPaths"] = self.linux["readonlyPaths"] = []
        with open("/dev/null") as null:
            handed = fcntl.fcntl(null, fcntl.F_DUPFD, 30)
        self.program("/bin/sh", "-c", f"for fd in 3 4 5 6 7 8 9 {handed}; do (true <&$fd) 2>/dev/null && echo $fd; done; echo ran")
        try:
            self.without(init="close_range=ENOSYS", pass_fds=[handed])
        finally:
            os.close(handed)

    def test_processes_that_cannot_be_made_in_their_cgroup_are_moved_there(self):
        # clone3 is newer than many a filter around crumb. Seen to fail without linux::join_cgroups() for leaves of version 2.
        self.program("/bin/sleep", "1000")
        self.addCleanup(self.delete_forcibly)
        self.seam(*self.create_arguments(), host="clone3=ENOSYS")
        self.runtime("start", self.name)
        groups = pathlib.Path(f"/proc/{self.pid()}/cgroup").read_text().splitlines()
        self.assertEqual({line.split(":", 2)[2] for line in groups}, {self.linux["cgroupsPath"]}, groups)
        result = self.seam("exec", self.name, "/bin/cat", "/proc/self/cgroup", init="clone3=ENOSYS")
        self.assertEqual({line.split(":", 2)[2] for line in result.out.splitlines()}, {"/"}, result)

    def test_mounts_without_fsopen(self):
        # Linux has it since 5.2; a filter around crumb may not. Masks of directories need it.
        self.linux["maskedPaths"] = ["/proc/kcore"]
        self.bundle.file("/full/file", "ran\n")
        self.mount("/full", "tmpfs", "tmpfs", ("tmpcopyup", "size=1m"))
        self.program("/bin/cat", "/full/file")
        self.without(init="fsopen=ENOSYS")

    def test_the_mask_of_a_directory_needs_fsopen(self):
        self.bundle.directory("/secret")
        self.linux["maskedPaths"] = ["/secret"]
        self.program("/bin/true")
        result = self.without(init="fsopen=ENOSYS", code=1, out="")
        self.assertIn('"/secret"', result.err)

    def test_settings_without_a_procfs_of_their_own(self):
        self.linux["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "81"}
        self.program("/bin/cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")
        for rule in ("fsopen#1=EPERM", "fsopen#1=ENOSYS", "fsmount#1=EPERM"):
            with self.subTest(rule):
                self.without(init=rule, out="81\n")

    def test_a_kernel_without_keyrings(self):
        self.program("/bin/echo", "ran")
        self.without(init="keyctl=ENOSYS")

    def test_a_user_with_too_many_keyrings_is_told(self):
        self.program("/bin/true")
        result = self.without(init="keyctl=EDQUOT", code=1, out="")
        self.assertIn(f'session keyring "_ses.{self.name}": the user has too many', result.err)

    def test_the_engine_where_only_execve_is_allowed(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.program("/hello.wasm")
        self.without(init="execveat=ENOSYS", out="hello from wasm\n")

    def test_no_descriptor_leaks(self):
        self.runs("/bin/ls", "/proc/self/fd", out="0\n1\n2\n3\n")

    def test_the_binaries_cannot_be_written(self):
        self.bundle.guest("sleep", "/sleep.wasm")
        self.program("/sleep.wasm", "1000")
        self.assertEqual(self.seam(*self.create_arguments(), host=self.RULES[-1], init=self.RULES[-1]).code, 0)
        with self.assertRaises(OSError):
            open(f"/proc/{self.pid()}/exe", "r+b").close()
        self.force_and_clean("create")

    def test_exec_works(self):
        self.program("/bin/sleep", "1000")
        for rules in self.RULES:
            with self.subTest(rules):
                self.assertEqual(self.seam(*self.create_arguments(), host=rules, init=rules).code, 0)
                self.assertEqual(self.seam("start", self.name, host=rules).code, 0)
                result = self.seam("exec", self.name, "/bin/echo", "ran", host=rules, init=rules)
                self.assertEqual((result.code, result.out), (0, "ran\n"), result)
                self.force_and_clean("exec")


if __name__ == "__main__":
    unittest.main()
