"""`run`: exit codes, the standard streams, the program and how it is found."""

import os
import signal
import unittest

from support import ContainerCase, not_on, only_crumb


class ExitCodes(ContainerCase):
    def test_a_program_that_ends_well_gives_0(self):
        self.run_container("/bin/true")

    def test_the_exit_code_is_the_programs(self):
        self.sh("exit 42", code=42)

    def test_the_largest_exit_code_is_255(self):
        self.sh("exit 255", code=255)

    def test_a_program_killed_by_SIGKILL_gives_137(self):
        running = self.spawn_run("/bin/sleep", "1000")
        self.until(lambda: os.path.exists(self.root / self.name) and self.runtime("state", self.name, code=None).out.find("running") > 0,
                   "the container does not run")
        self.kill("KILL")
        self.assertEqual(running.wait().code, 128 + signal.SIGKILL)

    def test_a_program_killed_by_SIGTERM_gives_143(self):
        # Without a pid namespace of its own the program is no pid 1, which would ignore the signal.
        self.namespace("pid")
        self.sh("kill -TERM $$", code=128 + signal.SIGTERM)

    def test_run_deletes_the_container(self):
        self.run_container("/bin/true")
        self.unknown()

    def test_run_with_detach_returns_0_while_the_program_runs(self):
        self.addCleanup(self.delete_forcibly)
        self.run_container("/bin/sleep", "1000", flags=("--detach",))
        self.assertEqual(self.status(), "running")

    def test_run_with_keep_leaves_the_stopped_container(self):
        if not self.has_keep():
            self.skipTest("this runtime's run has no --keep")
        self.addCleanup(self.delete_forcibly)
        self.run_container("/bin/true", flags=("--keep",))
        self.assertEqual(self.status(), "stopped")

    def has_keep(self):
        return "--keep" in self.runtime("run", "--help", code=None).out

    def test_run_writes_the_pid_file(self):
        self.addCleanup(self.delete_forcibly)
        path = self.scratch / "pid"
        self.run_container("/bin/sleep", "1000", flags=("--detach", "--pid-file", path))
        self.assertEqual(path.read_text(), str(self.pid()))

    def test_the_bundle_is_the_current_directory_by_default(self):
        self.process["args"] = ["/bin/echo", "here"]
        self.bundle.write()
        self.assertEqual(self.runtime("run", self.name, cwd=self.bundle.path).out, "here\n")

    def test_options_may_be_written_with_one_dash(self):
        if "crun" in self.runtime("--version").out:
            self.skipTest("crun has no long options with one dash")
        self.process["args"] = ["/bin/echo", "here"]
        self.bundle.write()
        self.assertEqual(self.runtime("run", "-bundle", self.bundle.path, self.name).out, "here\n")

    def test_options_may_be_written_with_an_equals_sign(self):
        self.process["args"] = ["/bin/echo", "here"]
        self.bundle.write()
        self.assertEqual(self.runtime("run", f"--bundle={self.bundle.path}", self.name).out, "here\n")


class Streams(ContainerCase):
    def test_stdout_is_passed_through(self):
        result = self.run_container("/bin/echo", "hello")
        self.assertEqual((result.out, result.err), ("hello\n", ""))

    def test_stderr_is_passed_through(self):
        result = self.run_container("/bin/sh", "-c", "echo oops >&2")
        self.assertEqual((result.out, result.err), ("", "oops\n"))

    def test_stdin_is_passed_through(self):
        self.assertEqual(self.run_container("/bin/cat", input="one\ntwo\n").out, "one\ntwo\n")

    def test_a_megabyte_passes_unchanged(self):
        text = "0123456789abcdef" * 65536
        self.assertEqual(self.run_container("/bin/cat", input=text).out, text)

    def test_no_descriptor_of_the_runtime_or_its_caller_is_inherited(self):
        with open("/etc/hostname") as secret:
            os.set_inheritable(secret.fileno(), True)
            out = self.run_container("/bin/ls", "/proc/self/fd", close_fds=False).out
        # 3 is the directory that ls itself reads
        self.assertEqual(out.split(), ["0", "1", "2", "3"])

    def test_preserved_descriptors_are_inherited_in_order(self):
        path = self.scratch / "kept"
        path.write_text("kept\n")
        with open(path) as kept:
            # subprocess keeps numbers: the descriptor has to be 3 already
            moved = os.dup2(kept.fileno(), 3) if kept.fileno() != 3 else 3
            try:
                result = self.run_container("/bin/sh", "-c", "cat <&3; ls /proc/self/fd", flags=("--preserve-fds", "1"), pass_fds=(3,))
            finally:
                if kept.fileno() != 3:
                    os.close(moved)
        self.assertEqual(result.out.split(), ["kept", "0", "1", "2", "3", "4"])

    def test_a_program_may_end_before_its_input_does(self):
        self.run_container("/bin/true", input="x" * 200000)


class Programs(ContainerCase):
    def test_the_program_is_found_in_PATH(self):
        self.process["env"] = ["PATH=/nowhere:/opt/tools"]
        self.bundle.file("/opt/tools/tool", "#!/bin/sh\necho found by PATH\n", 0o755)
        self.assertEqual(self.run_container("tool").out, "found by PATH\n")

    def test_PATH_skips_a_file_that_is_not_executable(self):
        self.process["env"] = ["PATH=/first:/second"]
        self.bundle.file("/first/tool", "#!/bin/sh\necho first\n", 0o644)
        self.bundle.file("/second/tool", "#!/bin/sh\necho second\n", 0o755)
        self.assertEqual(self.run_container("tool").out, "second\n")

    def test_PATH_skips_a_directory(self):
        self.process["env"] = ["PATH=/first:/second"]
        self.bundle.directory("/first/tool")
        self.bundle.file("/second/tool", "#!/bin/sh\necho second\n", 0o755)
        self.assertEqual(self.run_container("tool").out, "second\n")

    def test_a_script_is_run_by_its_interpreter(self):
        self.bundle.file("/script", "#!/bin/sh\necho \"$0 $1\"\n", 0o755)
        self.assertEqual(self.run_container("/script", "one").out, "/script one\n")

    def test_a_program_with_a_slash_is_relative_to_cwd(self):
        self.bundle.file("/work/tools/tool", "#!/bin/sh\necho relative\n", 0o755)
        self.process["cwd"] = "/work"
        self.assertEqual(self.run_container("tools/tool").out, "relative\n")

    def test_arguments_arrive_unchanged(self):
        words = ["a b", "", "*", "ü", "-x", "$HOME"]
        out = self.run_container("/bin/sh", "-c", 'for i in "$@"; do echo "[$i]"; done', "sh", *words).out
        self.assertEqual(out.splitlines(), [f"[{word}]" for word in words])

    def test_a_program_that_is_not_there_is_127(self):
        self.cannot_run("/no/such/program", code=127, words="/no/such/program")

    def test_a_program_that_is_not_in_PATH_is_127_with_dockers_words(self):
        self.cannot_run("no-such-program", code=127, words='exec: "no-such-program": executable file not found in $PATH')

    def test_a_program_without_the_executable_bit_is_126(self):
        self.bundle.file("/plain", "#!/bin/sh\n", 0o644)
        self.cannot_run("/plain", code=126, words="ermission denied")

    def test_a_directory_as_program_is_126(self):
        self.cannot_run("/etc", code=126, words="/etc")

    def test_a_FIFO_as_program_is_126_at_once(self):
        os.mkfifo(self.bundle.rootfs / "fifo", 0o755)
        (self.bundle.rootfs / "fifo").chmod(0o755)
        self.cannot_run("/fifo", code=126, words="/fifo", timeout=5)

    def test_a_FIFO_in_PATH_is_refused_at_once(self):
        self.process["env"] = ["PATH=/pipes"]
        self.bundle.directory("/pipes")
        os.mkfifo(self.bundle.rootfs / "pipes/tool", 0o755)
        (self.bundle.rootfs / "pipes/tool").chmod(0o755)
        self.run_fails("tool", timeout=5)

    def test_a_device_as_program_is_126_at_once(self):
        self.cannot_run("/dev/zero", code=126, words="/dev/zero", timeout=5)

    def test_a_file_that_is_no_program_is_126(self):
        self.bundle.file("/data", b"\x01\x02\x03\x04 not a program", 0o755)
        self.cannot_run("/data", code=126, words="/data")

    @not_on("crun", "counts on the shell's own error")
    def test_a_script_whose_interpreter_is_missing_fails(self):
        self.bundle.file("/script", "#!/no/such/interpreter\n", 0o755)
        self.cannot_run("/script", code=127, words="/script")

    def test_an_endless_chain_of_links_as_program_fails(self):
        os.symlink("loop", self.bundle.rootfs / "loop")
        self.run_fails("/loop", words="/loop")

    def test_a_link_to_a_program_is_followed_inside_the_root(self):
        os.symlink("/bin/busybox", self.bundle.rootfs / "echo")
        self.assertEqual(self.run_container("/echo", "linked").out, "linked\n")

    def test_the_user_must_be_allowed_to_execute_the_program(self):
        self.bundle.file("/rootonly", "#!/bin/sh\necho ran\n", 0o700)
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.cannot_run("/rootonly", code=126, words="ermission denied")

    @only_crumb("that PATH is searched with the user's rights")
    def test_PATH_is_searched_with_the_users_rights(self):
        self.process["env"] = ["PATH=/first:/second"]
        self.bundle.file("/first/tool", "#!/bin/sh\necho first\n", 0o700)
        self.bundle.file("/second/tool", "#!/bin/sh\necho second\n", 0o755)
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.run_container("tool").out, "second\n")

    def test_a_bare_name_is_not_looked_up_in_cwd(self):
        self.bundle.file("/work/tool", "#!/bin/sh\necho wrong\n", 0o755)
        self.process["cwd"] = "/work"
        self.cannot_run("tool", code=127)


if __name__ == "__main__":
    unittest.main()
