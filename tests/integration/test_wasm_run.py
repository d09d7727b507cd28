"""`crumb wasm run`: a module as a sandboxed process, without a bundle, as root and as an ordinary user."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import unittest

from support import RUNTIME, SLOW, UNIFIED, ContainerCase, Running, guests, only_crumb
from terminal import User
from test_rootless import RootlessCase


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class RunCase(ContainerCase):
    """Commands run in the directory `here`, in which the modules are."""

    def setUp(self):
        super().setUp()
        self.here = self.folder / "here"
        self.here.mkdir(mode=0o755)

    def module(self, name, place=None):
        """A guest under this path in `here`, which it returns."""
        target = self.here / (place or f"{name}.wasm")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(guests() / f"{name}.wasm", target)
        return place or f"{name}.wasm"

    def file(self, path, content=""):
        target = self.here / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def spawn(self, *arguments, **popen):
        popen.setdefault("cwd", self.here)
        return super().spawn(*arguments, **popen)

    def wasm_run(self, *arguments, code=0, **popen):
        return self.runtime("wasm", "run", *arguments, code=code, **popen)

    def refuses(self, *arguments, words, code=None):
        result = self.fails("wasm", "run", *arguments, words=words)
        if code is not None:
            self.assertEqual(result.code, code, result)

    def spawn_ready(self, name, *arguments, flags=(), **popen):
        """In the background; returns when the guest says that it is ready."""
        running = self.spawn("wasm", "run", *flags, self.module(name), *arguments, **popen)
        self.until(lambda: "ready" in running.output(), "the guest does not start")
        return running

    def guest_of(self, running):
        """The pid of the guest of a command in the background."""
        return self.until(lambda: children(running.pid), "there is no guest")[0]


class Behaviour:
    """What holds for root and for an ordinary user alike."""

    def test_hello(self):
        result = self.wasm_run(self.module("hello"))
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))

    def test_the_first_argument_is_the_module_as_given_and_options_end_there(self):
        words = ["a b", "", "-x", "--help", "--dir"]
        place = self.module("args", "below/args.wasm")
        self.assertEqual(self.wasm_run(place, *words).out.splitlines(), [place, *words])

    def test_the_environment_is_what_the_options_say(self):
        given = {"HANDED_ON": "yes", "NOT_HANDED_ON": "no"}
        result = self.wasm_run("--env", "A=1", "--env", "A=2", "--env", "EMPTY=", "--env", "HANDED_ON", self.module("env"), env=given)
        self.assertEqual(sorted(result.out.splitlines()), ["A=2", "EMPTY=", "HANDED_ON=yes"])

    def test_stdin_and_stdout_are_passed_through(self):
        content = random.Random(1).randbytes(1 << 20).hex()
        self.assertEqual(self.wasm_run(self.module("cat"), input=content).out, content)

    def test_exit_codes_are_exact(self):
        module = self.module("exitcode")
        for code in (0, 1, 3, 127, 255):
            with self.subTest(code=code):
                self.assertEqual(self.wasm_run(module, str(code), code=code).err, "")

    def test_a_trap_is_told(self):
        self.assertIn("unreachable", self.wasm_run(self.module("trap"), code=134).err)

    def test_without_options_there_is_no_directory(self):
        self.file("secret", "secret")
        for path in ("secret", "/etc/passwd", "/", ".", "/0/secret"):
            with self.subTest(path=path):
                self.assertEqual(self.wasm_run(self.module("files"), path, code=1).out, "")

    def test_a_directory_has_the_name_that_it_has_here(self):
        self.file("data/file", "content\n")
        module = self.module("files")
        self.assertEqual(self.wasm_run("--dir", "data", module, "data/file").out, "content\n")
        self.assertEqual(self.wasm_run("--dir", ".", module, "data/file").out, "content\n")
        self.assertEqual(self.wasm_run("--dir", self.here / "data", module, self.here / "data/file").out, "content\n")

    def test_a_directory_has_another_name(self):
        self.file("data/file", "content\n")
        module = self.module("files")
        self.assertEqual(self.wasm_run("--dir", "/mnt/x::data", module, "/mnt/x/file").out, "content\n")
        self.assertEqual(self.wasm_run("--dir", "/::data", module, "/file").out, "content\n")
        self.assertEqual(self.wasm_run("--dir", f"a b::{self.here}/data", module, "a b/file").out, "content\n")

    def test_what_is_written_is_the_callers(self):
        (self.here / "data").mkdir()
        self.own(self.here / "data")
        os.umask(os.umask(0o027))
        self.wasm_run("--dir", "data", self.module("files"), "data/new", "w", "text")
        made = self.here / "data/new"
        self.assertEqual((made.read_text(), made.stat().st_uid), ("text", self.uid()))

    def test_a_read_only_directory_is_not_written(self):
        self.file("data/file", "content\n")
        self.own(self.here / "data")
        module = self.module("files")
        for action in (("file", "w", "changed"), ("new", "w", "new"), ("file", "r", "data/other"), ("link", "s", "file")):
            with self.subTest(action=action):
                self.wasm_run("--dir", "data:ro", module, f"data/{action[0]}", *action[1:], code=1)
        self.assertEqual(self.wasm_run("--dir", "data:ro", module, "data/file").out, "content\n")
        self.assertEqual(os.listdir(self.here / "data"), ["file"])

    def test_nothing_outside_of_a_directory_is_reached(self):
        self.file("outside", "secret")
        self.file("data/file")
        (self.here / "data/absolute").symlink_to(self.here / "outside")
        (self.here / "data/relative").symlink_to("../outside")
        for path in ("data/absolute", "data/relative", "data/../outside", "data/../../etc/passwd"):
            with self.subTest(path=path):
                self.assertEqual(self.wasm_run("--dir", "data", self.module("files"), path, code=1).out, "")

    def test_memory_grows_to_its_limit(self):
        self.assertIn(int(self.wasm_run("--memory", "64M", self.module("grow")).out.split()[0]), range(50, 64))

    def test_there_is_no_socket_by_default(self):
        self.assertNotEqual(self.wasm_run(self.module("sockopen"), code=None).code, 0)

    def test_the_network_of_the_host_is_given_with_sockets(self):
        self.wasm_run("--network", "host", self.module("sockopen"))

    def test_signals_reach_the_guest(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                running = self.spawn_ready("sleep", "1000")
                running.process.send_signal(number)
                self.assertEqual(running.wait().code, 128 + number)

    def test_its_time_ends(self):
        result = self.wasm_run("--time-limit", "200ms", self.module("sleep"), "1000", code=124)
        self.assertIn("--time-limit", result.err)

    def test_the_terminal_is_the_callers(self):
        user = User()
        self.addCleanup(user.close)
        running = self.spawn("wasm", "run", self.module("isatty"), **user.popen())
        self.assertEqual(running.wait().code, 0)
        user.shows(b"1 1 1")

    def test_mistakes_are_one_line_that_names_the_place(self):
        module = self.module("hello")
        self.file("text", "text")
        self.refuses("none.wasm", words='"none.wasm": No such file or directory', code=127)
        self.refuses("text", words='"text": not a WebAssembly module', code=126)
        self.refuses(".", words='".": not a regular file', code=126)
        self.refuses(self.module("component"), words="component", code=126)
        self.refuses(self.module("reactor"), words='reactor.wasm: is a library (a reactor), not a program', code=126)
        self.refuses(self.module("truncated"), words="truncated.wasm", code=126)
        self.refuses("--dir", "none", module, words='option --dir: "none" does not exist')
        self.refuses("--dir", "/x::text", module, words='option --dir: "text" is not a directory')
        self.refuses("--dir", "a::", module, words='option --dir: "a::" is neither HOST nor GUEST::HOST')
        self.refuses("--dir", ".", "--dir", ".", module, words='option --dir: "." is given twice')
        self.refuses("--env", "=1", module, words='option --env: "=1" is not NAME=VALUE')
        self.refuses("--env", "NOT_THERE", module, words='option --env: "NOT_THERE" is not NAME=VALUE, and no variable')
        self.refuses("--memory", "much", module, words='option --memory: "much" is no size from 64 KiB to 4096 MiB')
        self.refuses("--network", "some", module, words='option --network: "some" is neither none nor host')
        self.refuses("--time-limit", "0s", module, words='option --time-limit: "0s" is no time')
        self.refuses(words="MODULE is required")

    def test_it_is_no_container_that_others_know(self):
        running = self.spawn_ready("sleep", "1000")
        self.assertEqual(self.runtime("list", "--quiet").out, "")
        self.assertEqual(list(self.root.iterdir()) if self.root.exists() else [], [])
        running.process.send_signal(signal.SIGTERM)
        running.wait()

    def test_the_sandbox_has_nothing_in_it(self):
        (self.here / "data").mkdir()
        running = self.spawn_ready("sleep", "1000", flags=("--dir", "data"))
        guest = pathlib.Path(f"/proc/{self.guest_of(running)}")
        status = dict(line.split(":\t", 1) for line in (guest / "status").read_text().splitlines() if ":\t" in line)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        self.assertEqual(status["Seccomp"].strip(), "2")
        for space in ("mnt", "pid", "net", "ipc", "uts"):
            self.assertNotEqual(os.readlink(guest / "ns" / space), os.readlink(f"/proc/self/ns/{space}"), space)
        mounts = [line.split() for line in (guest / "mountinfo").read_text().splitlines()]
        self.assertEqual(sorted(fields[4] for fields in mounts), ["/", "/0"])
        for fields in mounts:
            self.assertLessEqual({"nosuid", "nodev", "noexec"}, set(fields[5].split(",")), fields)
        self.assertIn("ro", next(fields for fields in mounts if fields[4] == "/")[5].split(","))
        self.assertEqual(os.listdir(guest / "root"), ["0"])
        running.process.send_signal(signal.SIGTERM)
        running.wait()

    def test_whatever_it_is_killed_at_nothing_is_left(self):
        """nothing_is_left() looks for processes, mounts, cgroups and state at the end. A guest is known by its last argument."""
        module = self.module("sleep")
        delays = random.Random(2)
        for _ in range(30):
            running = self.spawn("wasm", "run", "--dir", ".", module, "1000", self.name)
            time.sleep(delays.uniform(0, 0.03) * SLOW)
            running.process.kill()
            running.wait()
        running = self.spawn_ready("sleep", "1000", self.name)
        self.assertIn(self.guest_of(running), self.processes())
        running.process.kill()
        running.wait()
        self.until(lambda: not self.processes(), "processes live on", 3)

    def test_many_run_at_once(self):
        module = self.module("args")
        commands = [self.spawn("wasm", "run", "--dir", ".", module, f"word {i}") for i in range(40)]
        results = [command.wait(120) for command in commands]
        self.assertEqual([result.out.splitlines()[1:] for result in results], [[f"word {i}"] for i in range(40)])


@only_crumb("crumb wasm run")
class Root(Behaviour, RunCase):
    def own(self, path):
        pass

    def uid(self):
        return 0

    def test_a_guest_on_the_hosts_network_is_in_the_callers_network_namespace(self):
        running = self.spawn_ready("sleep", "1000", flags=("--network", "host"))
        self.assertEqual(os.readlink(f"/proc/{self.guest_of(running)}/ns/net"), os.readlink("/proc/self/ns/net"))
        running.process.send_signal(signal.SIGTERM)
        running.wait()

    def test_descriptors_of_the_caller_are_not_handed_on(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        running = self.spawn_ready("sleep", "1000", pass_fds=(theirs.fileno(),))
        theirs.close()
        guest = self.guest_of(running)
        links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{guest}/fd").iterdir()]
        self.assertEqual([link for link in links if link.startswith("socket:")], [])
        running.process.send_signal(signal.SIGTERM)
        running.wait()

    def test_the_memory_limit_of_the_callers_cgroup_is_seen_in_time(self):
        folder = self.cgroup_folder("memory")
        folder.mkdir()
        self.addCleanup(folder.rmdir)
        (folder / ("memory.max" if UNIFIED else "memory.limit_in_bytes")).write_text(str(64 << 20))
        command = self.command_line("wasm", "run", self.module("grow"), "touch")
        script = f'echo $$ > {folder}/cgroup.procs && exec "$@"'
        running = Running(self, ["sh", "-c", script, "sh", *command], {"cwd": self.here})
        self.children.append(running)
        result = running.wait()
        self.assertEqual(result.code, 0, result)
        self.assertIn(int(result.out.split()[0]), range(20, 62))

    def test_a_socket_of_socket_activation_is_the_guests(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        number = listening.fileno()
        running = Running(self, ["sh", "-c", f'exec "$@" 3<&{number}', "sh", *self.command_line("wasm", "run", self.module("socket"))],
                          {"cwd": self.here, "pass_fds": (number,), "env": {**os.environ, "LISTEN_FDS": "1"}})
        self.children.append(running)
        with socket.create_connection(listening.getsockname(), timeout=20 * SLOW) as peer:
            self.assertEqual(peer.makefile().read(), "hello from wasm\n")
        self.assertEqual(running.wait().code, 0)

    def test_where_no_user_namespace_can_be_made_that_is_the_error(self):
        script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"'
        command = ["unshare", "-U", "--map-root-user", "sh", "-c", script, "sh", RUNTIME, "wasm", "run", self.module("hello")]
        done = subprocess.run(command, cwd=self.here, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("new user namespace: there are too many", done.stderr)

    def test_compiled_code_is_used(self):
        module = self.module("hello")
        cache = {"CRUMB_CODE_CACHE": str(self.new_path("cache"))}
        self.fails("wasm", "run", "--mode", "aot", module, words="no compiled code", env=cache)
        if self.runtime("wasm", "compile", module, code=None, env=cache, timeout=120).code != 0:
            self.skipTest("crumb-aot is not built")
        self.assertEqual(self.wasm_run("--mode", "aot", module, env=cache).out, "hello from wasm\n")


@only_crumb("crumb wasm run")
class Rootless(Behaviour, RunCase, RootlessCase):
    def setUp(self):
        super().setUp()
        os.chown(self.here, self.user.pw_uid, self.user.pw_gid)

    def own(self, path):
        for place in (path, *path.rglob("*")):
            os.chown(place, self.user.pw_uid, self.user.pw_gid)

    def uid(self):
        return self.user.pw_uid


if __name__ == "__main__":
    unittest.main()
