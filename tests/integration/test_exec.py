"""`exec`: one more process in a running container."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from support import IS_CRUMB, NAMESPACES, UNIFIED, ContainerCase, crumb_says, hierarchies, not_on, only_crumb
from terminal import Receiver, User, read_until


class Exec(ContainerCase):
    def setUp(self):
        super().setUp()
        self.bundle.directory("/work")

    def test_the_exit_code_is_the_programs(self):
        self.running()
        self.exec("/bin/sh", "-c", "exit 42", code=42)

    def test_a_program_killed_by_a_signal_gives_128_and_its_number(self):
        self.running()
        self.exec("/bin/sh", "-c", "kill -KILL $$", code=128 + signal.SIGKILL)

    def test_stdin_stdout_and_stderr_are_passed_through(self):
        self.running()
        result = self.exec("/bin/sh", "-c", "cat; echo oops >&2", input="hello\n")
        self.assertEqual((result.out, result.err), ("hello\n", "oops\n"))

    def test_it_has_the_containers_environment(self):
        self.process["env"].append("COLOUR=green")
        self.running()
        self.assertIn("COLOUR=green\n", self.exec("/bin/env").out)

    def test_env_adds_a_variable(self):
        self.running()
        self.assertIn("COLOUR=blue\n", self.exec("/bin/env", flags=("--env", "COLOUR=blue")).out)

    def test_env_may_be_given_twice_and_in_short(self):
        self.running()
        out = self.exec("/bin/env", flags=("-e", "A=1", "-e", "B=2")).out
        self.assertIn("A=1\n", out)
        self.assertIn("B=2\n", out)

    def test_env_wins_over_the_containers(self):
        self.process["env"].append("COLOUR=green")
        self.running()
        self.assertEqual(self.exec("/bin/sh", "-c", "echo $COLOUR", flags=("--env", "COLOUR=blue")).out, "blue\n")

    def test_it_has_the_containers_cwd(self):
        self.process["cwd"] = "/work"
        self.running()
        self.assertEqual(self.exec("/bin/pwd").out, "/work\n")

    def test_cwd_is_chosen(self):
        self.running()
        self.assertEqual(self.exec("/bin/pwd", flags=("--cwd", "/work")).out, "/work\n")

    def test_a_relative_cwd_is_refused(self):
        self.running()
        self.exec_fails("/bin/pwd", flags=("--cwd", "work"))

    def exec_fails(self, *args, flags=(), words="", code=None):
        result = self.fails("exec", *flags, self.name, *args, words=words)
        if IS_CRUMB and code is not None:
            self.assertEqual(result.code, code, result)
        return result

    def test_user_is_chosen_by_number(self):
        self.running()
        self.assertEqual(self.exec("/bin/id", "-u", flags=("--user", "1000")).out, "1000\n")

    def test_user_and_group_are_chosen_by_number(self):
        self.running()
        self.assertEqual(self.inside("id -u; id -g", flags=("--user", "1000:2000")), "1000\n2000\n")

    def test_a_strange_user_is_refused(self):
        self.running()
        strange = ["1000:", ":1000", "a:b", "-1", "1000:2000:3000", "4294967296", "1000x", " 1", "+1"]
        for word in strange if IS_CRUMB else ["a:b", "1000x"]:
            with self.subTest(word):
                self.exec_fails("/bin/true", flags=(f"--user={word}",))

    def test_additional_groups_are_given(self):
        self.running()
        self.assertEqual(self.inside("id -G", flags=("--additional-gids", "2000")).split(), ["0", "2000"])

    @not_on("crun", "counts capabilities otherwise")
    def test_a_capability_is_added(self):
        self.running()
        # CAP_NET_ADMIN is 12
        self.assertFalse(self.effective(()) >> 12 & 1)
        self.assertTrue(self.effective(("--cap", "CAP_NET_ADMIN")) >> 12 & 1)

    def effective(self, flags):
        (line,) = [line for line in self.inside("cat /proc/self/status", flags).splitlines() if line.startswith("CapEff")]
        return int(line.split()[1], 16)

    def test_capabilities_are_the_containers(self):
        self.running()
        mine, first = (self.inside(f"grep ^Cap /proc/{pid}/status") for pid in ("self", "1"))
        self.assertEqual(mine, first)

    def test_no_new_privs_is_set_on_demand(self):
        self.running()
        self.assertIn("NoNewPrivs:\t1\n", self.inside("cat /proc/self/status", ("--no-new-privs",)))

    def test_it_joins_every_namespace(self):
        self.running()
        kinds = [{"network": "net", "mount": "mnt"}.get(name, name) for name in NAMESPACES]
        outside = [os.readlink(f"/proc/{self.pid()}/ns/{kind}") for kind in kinds]
        inside = self.inside("for i in %s; do readlink /proc/self/ns/$i; done" % " ".join(kinds)).split()
        self.assertEqual(inside, outside)

    def test_it_joins_the_containers_cgroups(self):
        self.namespace("cgroup")
        self.running()
        mine, first = (self.inside(f"cat /proc/{pid}/cgroup") for pid in ("self", "1"))
        self.assertEqual(mine, first)

    def test_it_sees_the_containers_root(self):
        self.bundle.file("/marker", "inside\n")
        self.running()
        self.assertEqual(self.exec("/bin/cat", "/marker").out, "inside\n")

    def test_it_is_no_child_of_the_containers_first_process(self):
        self.running()
        self.assertIn("PPid:\t0\n", self.inside("cat /proc/$$/status"))

    def test_its_rlimits_are_the_containers(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
        self.running()
        self.assertEqual(self.inside("ulimit -n; ulimit -Hn"), "100\n200\n")

    def test_no_descriptor_leaks(self):
        self.running()
        with open("/etc/hostname") as secret:
            os.set_inheritable(secret.fileno(), True)
            out = self.exec("/bin/ls", "/proc/self/fd", close_fds=False).out
        self.assertEqual(out.split(), ["0", "1", "2", "3"])

    def test_the_words_after_the_id_are_the_programs(self):
        self.running()
        self.assertEqual(self.exec("/bin/echo", "--env", "-n", "--", "x").out, "--env -n -- x\n")

    def test_it_has_a_HOME(self):
        self.running()
        self.assertEqual(self.inside("echo $HOME", ("--user", "1000")), "/home/user\n")

    @not_on("crun", "runs the program as another's child")
    def test_a_created_container_takes_processes_too(self):
        self.create("/bin/true")
        self.assertEqual(self.exec("/bin/echo", "early").out, "early\n")

    def test_a_stopped_container_takes_no_process(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.exec_fails("/bin/true")

    def test_an_unknown_container_takes_no_process(self):
        self.exec_fails("/bin/true", words="does not exist")

    def test_a_program_is_needed(self):
        self.running()
        self.fails("exec", self.name)

    def test_a_program_that_is_not_there_is_127(self):
        self.running()
        self.exec_fails("/no/such", words="/no/such", code=127)

    def test_a_program_that_is_not_in_PATH_is_127_with_dockers_words(self):
        self.running()
        self.exec_fails("no-such", words='exec: "no-such": executable file not found in $PATH', code=127)

    def test_a_program_that_is_not_executable_is_126(self):
        self.bundle.file("/plain", "#!/bin/sh\n", 0o644)
        self.running()
        self.exec_fails("/plain", words="ermission denied", code=126)

    def test_a_FIFO_as_program_is_refused_at_once(self):
        self.running()
        os.mkfifo(self.bundle.rootfs / "fifo", 0o755)
        started = time.monotonic()
        self.exec_fails("/fifo", code=126)
        self.assertLess(time.monotonic() - started, 10)

    def test_a_failed_exec_leaves_the_container_running(self):
        self.running()
        self.exec_fails("/no/such")
        self.assertEqual(self.status(), "running")

    def test_many_at_once_are_all_served(self):
        self.running()
        commands = [self.spawn("exec", self.name, "/bin/echo", str(i)) for i in range(10)]
        self.assertEqual([c.wait(60).out for c in commands], [f"{i}\n" for i in range(10)])

    def test_SIGTERM_of_the_waiting_runtime_reaches_the_program(self):
        self.running()
        command = self.spawn("exec", self.name, "/bin/sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done")
        self.until(lambda: "ready" in command.output(), "the program does not start")
        os.kill(command.pid, signal.SIGTERM)
        self.assertEqual(command.wait().code, 7)

    def test_it_ends_when_the_container_ends(self):
        self.running()
        command = self.spawn("exec", self.name, "/bin/sh", "-c", "echo ready; sleep 1000")
        self.until(lambda: "ready" in command.output(), "the program does not start")
        self.kill("KILL")
        self.assertEqual(command.wait().code, 128 + signal.SIGKILL)


class Detached(ContainerCase):
    def detached(self, *args, **popen):
        path = self.scratch / "exec.pid"
        command = self.spawn("exec", "--detach", "--pid-file", path, self.name, *args, **popen)
        result = command.wait()
        self.assertEqual(result.code, 0, result)
        return command, int(path.read_text())

    def test_detach_returns_while_the_program_runs(self):
        self.running()
        _, pid = self.detached("/bin/sleep", "1000")
        self.assertEqual(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes(), b"/bin/sleep\x001000\x00")

    def test_the_process_becomes_a_child_of_the_subreaper_that_called(self):
        self.running()
        _, pid = self.detached("/bin/sleep", "1000")
        self.assertIn(f"PPid:\t{os.getpid()}\n", pathlib.Path(f"/proc/{pid}/status").read_text())

    def test_its_output_goes_where_execs_output_went(self):
        self.running()
        command, _ = self.detached("/bin/echo", "hello")
        self.until(lambda: command.output() == "hello\n", "no output")

    def test_its_exit_status_is_the_subreapers_to_read(self):
        self.running()
        _, pid = self.detached("/bin/sh", "-c", "exit 9")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 9)

    def test_a_program_that_cannot_run_is_reported_before_detach_returns(self):
        self.running()
        self.fails("exec", "--detach", self.name, "/no/such", words="/no/such")


class ProcessFile(ContainerCase):
    def exec_file(self, code=0, **members):
        process = {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"], **members}
        path = self.scratch / "process.json"
        path.write_text(json.dumps(process))
        return self.runtime("exec", "--process", path, self.name, code=code)

    def test_the_process_comes_from_a_file(self):
        self.running()
        result = self.exec_file(args=["/bin/sh", "-c", "pwd; id -u; echo $COLOUR; exit 3"], cwd="/tmp", user={"uid": 1000, "gid": 1000},
                                env=["COLOUR=red"], code=3)
        self.assertEqual(result.out, "/tmp\n1000\nred\n")

    @not_on("crun", "maps the file")
    def test_the_process_comes_through_a_pipe(self):
        self.running()
        script = 'exec "$0" "$@" --process <(echo \'{"args": ["/bin/echo", "piped"], "cwd": "/"}\') ' + self.name
        out = subprocess.run(["bash", "-c", script, *map(str, self.command_line("exec"))], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(out, "piped\n")

    def test_its_environment_is_the_files_alone(self):
        self.process["env"].append("COLOUR=green")
        self.running()
        self.assertNotIn("COLOUR", self.exec_file(args=["/bin/env"]).out)

    def test_its_capabilities_are_the_files(self):
        self.running()
        sets = {name: ["CAP_CHOWN"] for name in ("bounding", "effective", "permitted")}
        out = self.exec_file(args=["/bin/grep", "^CapEff", "/proc/self/status"], capabilities=sets).out
        self.assertEqual(int(out.split()[1], 16), 1)

    def test_a_broken_file_is_an_error_that_names_it(self):
        self.running()
        path = self.scratch / "process.json"
        path.write_text("{")
        self.fails("exec", "--process", path, self.name, words=crumb_says("process.json"))

    def test_a_missing_file_is_an_error_that_names_it(self):
        self.running()
        self.fails("exec", "--process", "/no/process.json", self.name, words="/no/process.json")

    @only_crumb("the place in its errors")
    def test_a_wrong_type_is_named_with_its_place(self):
        self.running()
        path = self.scratch / "process.json"
        path.write_text(json.dumps({"args": "/bin/true", "cwd": "/"}))
        self.fails("exec", "--process", path, self.name, words="args")


class Terminal(ContainerCase):
    """exec --tty: a terminal of the container's devpts, for this process alone."""

    def setUp(self):
        super().setUp()
        self.at = User()
        self.addCleanup(self.at.close)

    def receiver(self):
        receiver = Receiver(self.scratch / "socket")
        self.addCleanup(receiver.close)
        return receiver

    def exec_shell(self, script, flags=(), code=0):
        """What appears on the user's terminal."""
        running = self.spawn("exec", "--tty", *flags, self.name, "/bin/sh", "-c", script, **self.at.popen())
        self.assertEqual(running.wait().code, code, self.at.screen)
        return self.at.all_shown()

    def test_stdin_stdout_and_stderr_are_one_of_the_containers_terminals(self):
        self.running()
        self.assertIn(b"/dev/pts/0\r\n", self.exec_shell("test -t 0 && test -t 1 && test -t 2 && tty"))

    def test_it_is_the_controlling_terminal(self):
        self.running()
        self.assertIn(b"hello\r\n", self.exec_shell("echo hello > /dev/tty"))

    def test_it_belongs_to_the_chosen_user(self):
        self.running()
        self.assertIn(b"1000\r\n", self.exec_shell("stat -c %u $(tty)", flags=("--user", "1000")))

    def test_it_has_the_size_of_the_users_terminal(self):
        self.at.resize(33, 101)
        self.running()
        self.assertIn(b"33 101\r\n", self.exec_shell("stty size"))

    def test_the_exit_code_is_the_programs(self):
        self.running()
        self.exec_shell("exit 42", code=42)

    def test_ctrl_c_is_the_programs_interrupt_alone(self):
        self.running()
        script = "trap 'exit 7' INT; echo ready; while :; do sleep 0.1; done"
        running = self.spawn("exec", "-t", self.name, "/bin/sh", "-c", script, **self.at.popen())
        self.at.shows(b"ready")
        self.at.type(b"\x03")
        self.assertEqual(running.wait().code, 7, self.at.screen)
        self.assertEqual(self.status(), "running")

    def test_the_users_terminal_is_as_before(self):
        before = self.at.modes()
        self.running()
        self.exec_shell("echo hello")
        self.assertEqual(self.at.modes(), before)

    def test_line_feeds_become_new_lines_once(self):
        self.running()
        self.assertEqual(self.exec_shell("echo a; echo b"), b"a\r\nb\r\n")

    @not_on("runc", "waits for the end of all that hold the terminal")
    def test_what_the_program_leaves_behind_on_the_terminal_does_not_hold_exec_up(self):
        self.running()
        self.assertIn(b"hello", self.exec_shell("(trap '' HUP; exec sleep 1000) & echo hello"))

    def test_a_container_with_a_terminal_gives_exec_none(self):
        self.process["terminal"] = True
        receiver = self.receiver()
        self.create("/bin/sleep", "1000", flags=("--console-socket", receiver.path))
        self.addCleanup(os.close, receiver.receive()[0])
        self.start()
        self.assertEqual(self.exec("/bin/sh", "-c", "test -t 0 || echo none").out, "none\n")

    def test_a_process_file_may_ask_for_a_terminal(self):
        self.running()
        path = self.scratch / "process.json"
        process = {"terminal": True, "args": ["/bin/sh", "-c", "tty; stty size"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
        path.write_text(json.dumps({**process, "consoleSize": {"height": 31, "width": 97}}))
        receiver = self.receiver()
        self.runtime("exec", "--process", path, "--detach", "--console-socket", receiver.path, self.name)
        master, _ = receiver.receive()
        self.addCleanup(os.close, master)
        self.assertEqual(read_until(master, b"31 97\r\n"), b"/dev/pts/0\r\n31 97\r\n")

    def test_a_detached_terminal_without_a_socket_is_refused(self):
        self.running()
        self.fails("exec", "--tty", "--detach", self.name, "/bin/true", words=crumb_says("without setting console socket"))

    @not_on("crun", "lets the socket have it")
    def test_a_socket_without_a_detached_terminal_is_refused(self):
        self.running()
        receiver = self.receiver()
        for flags in (["--tty"], ["--detach"], []):
            with self.subTest(flags=flags):
                self.fails("exec", *flags, "--console-socket", receiver.path, self.name, "/bin/true", words="cannot use console socket")

    @only_crumb("WebAssembly")
    def test_a_guest_has_a_terminal_too(self):
        self.bundle.guest("isatty", "/isatty.wasm")
        self.running()
        running = self.spawn("exec", "-t", self.name, "/isatty.wasm", **self.at.popen())
        self.assertEqual(running.wait().code, 0, self.at.screen)
        self.at.shows(b"1 1 1\r\n")


class Streams(ContainerCase):
    """Pipes at stdin, stdout and stderr belong to the program's user; nothing else of the host's changes hands."""

    def pipe_to(self, *flags, script):
        reading, writing = os.pipe()
        try:
            self.runtime("exec", *flags, self.name, "/bin/sh", "-c", script, stdout=writing)
        finally:
            os.close(writing)
        with open(reading, encoding="utf-8") as pipe:
            return pipe.read()

    def test_a_user_can_open_dev_stdout_on_a_pipe(self):
        self.running()
        self.assertEqual(self.pipe_to("--user", "1000", script="echo hello > /dev/stdout"), "hello\n")

    def test_a_user_of_the_container_can_too(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        reading, writing = os.pipe()
        self.run_container("/bin/sh", "-c", "echo hello > /dev/stdout", stdout=writing)
        os.close(writing)
        with open(reading, encoding="utf-8") as pipe:
            self.assertEqual(pipe.read(), "hello\n")

    @not_on("crun", "chowns what it was started on")
    def test_a_file_of_the_host_stays_its_owners(self):
        self.running()
        path = self.new_path("file")
        with open(path, "wb") as file:
            self.runtime("exec", "--user", "1000", self.name, "/bin/true", stdout=file)
        self.assertEqual(os.stat(path).st_uid, os.getuid())

    def test_a_device_of_the_host_stays_its_owners(self):
        self.running()
        at = User()
        self.addCleanup(at.close)
        running = self.spawn("exec", "--user", "1000", self.name, "/bin/true", **at.popen())
        self.assertEqual(running.wait().code, 0, at.screen)
        self.assertEqual(os.fstat(at.slave).st_uid, os.getuid())
        owner = os.stat("/dev/null").st_uid  # not root's where another runtime has given it away
        self.exec("/bin/true", flags=("--user", str(owner + 1000)))  # stdin is /dev/null
        self.assertEqual(os.stat("/dev/null").st_uid, owner)


class Paused(ContainerCase):
    def setUp(self):
        super().setUp()
        self.running("/bin/sleep", "1000")
        self.freezer = self.cgroup_folder("freezer") / ("cgroup.freeze" if UNIFIED else "freezer.state")
        self.freezer.write_text("1" if UNIFIED else "FROZEN")
        self.addCleanup(self.thaw)

    def thaw(self):
        if self.freezer.exists():
            self.freezer.write_text("0" if UNIFIED else "THAWED")

    def test_a_paused_container_takes_no_process(self):
        self.fails("exec", self.name, "/bin/true", words="paused")
        self.thaw()

    @not_on("crun", "has no --ignore-paused")
    def test_with_ignore_paused_the_process_waits_until_it_is_resumed(self):
        running = self.spawn("exec", "--ignore-paused", self.name, "/bin/echo", "hello")
        time.sleep(0.3)
        self.assertIsNone(running.process.poll())
        self.assertEqual(running.output(), "")
        self.thaw()
        result = running.wait()
        self.assertEqual((result.code, result.out), (0, "hello\n"), result)


@not_on("crun", "takes a path of one hierarchy")
class SubCgroups(ContainerCase):
    """exec --cgroup: below the container's own."""

    def setUp(self):
        super().setUp()
        self.running("/bin/sleep", "1000")

    def make(self, name):
        for place, controllers in hierarchies().items():
            folder = pathlib.Path(place + self.linux["cgroupsPath"])
            if folder.exists():
                (folder / name).mkdir()
                if "cpuset" in controllers:
                    for file in ("cpuset.cpus", "cpuset.mems"):
                        (folder / name / file).write_text((folder / file).read_text())

    def places(self, *flags):
        """controllers -> path of an executed process, as it sees them."""
        lines = self.exec("/bin/cat", "/proc/self/cgroup", flags=flags).out.splitlines()
        return {line.split(":")[1]: line.split(":")[2] for line in lines}

    def test_a_path_is_joined_in_every_hierarchy(self):
        self.make("below")
        places = self.places("--cgroup", "below")
        for controllers in ("",) if UNIFIED else ("pids", "memory", "name=systemd"):
            self.assertEqual(places[controllers], "/below")

    @unittest.skipIf(UNIFIED, "version 2 has one cgroup for all controllers")
    def test_controllers_have_paths_of_their_own(self):
        self.make("below")
        places = self.places("--cgroup", "pids:below", "--cgroup", "name=systemd:/below")
        self.assertEqual((places["pids"], places["name=systemd"], places["memory"]), ("/below", "/below", "/"))

    def test_one_that_is_not_there_is_an_error(self):
        self.fails("exec", "--cgroup", "nothing", self.name, "/bin/true", words="nothing")

    def test_no_path_leads_out(self):
        for path in ("..", "../..", "below/../../x"):
            with self.subTest(path):
                self.fails("exec", "--cgroup", path, self.name, "/bin/true", words=crumb_says("--cgroup"))

    def test_an_unknown_controller_is_an_error(self):
        self.fails("exec", "--cgroup", "nothing:below", self.name, "/bin/true", words="nothing")


@unittest.skipUnless(UNIFIED, "version 2's rule")
class CgroupWithControllers(ContainerCase):
    """A cgroup of version 2 that gives controllers to its children takes no process itself."""

    def test_exec_joins_the_first_process_where_it_has_moved_to(self):
        script = "mkdir /sys/fs/cgroup/init && echo 1 > /sys/fs/cgroup/init/cgroup.procs && echo +pids > /sys/fs/cgroup/cgroup.subtree_control && sleep 1000"
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"])
        self.running("/bin/sh", "-c", script)
        self.until(lambda: "pids" in (self.cgroup_folder("pids") / "cgroup.subtree_control").read_text(), "no controller is given")
        self.assertEqual(self.exec("/bin/cat", "/proc/self/cgroup").out, "0::/init\n")


if __name__ == "__main__":
    unittest.main()
