"""containerd's shim, by its own client: ctr run, exec, kill, pause, metrics, delete."""

import json

from containerd_case import ContainerdCase, newer
from podman_case import MEMORY_LIMIT
from support import UNIFIED, only_crumb


class Run(ContainerdCase):
    def test_output_and_exit_code(self):
        result = self.ran("/bin/sh", "-c", "echo out; echo err >&2; exit 5", code=5)
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_a_program_that_is_not_there_is_told_as_the_runtime_tells_it(self):
        result = self.ran("nosuch", code=1)
        self.assertIn('exec: "nosuch": executable file not found in $PATH', result.err.replace('\\"', '"'))

    def test_a_file_that_is_not_executable(self):
        self.assertIn("permission denied", self.ran("/etc/plain", code=1).err)

    def test_environment_and_workdir(self):
        self.assertEqual(self.sh("echo $COLOUR $SHAPE; pwd", flags=["--env", "SHAPE=round", "--cwd", "/tmp"]), "green round\n/tmp\n")

    def test_memory_limit(self):
        flags = ["--memory-limit", "67108864", "--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro:nosuid"]
        self.assertEqual(self.sh(f"cat {MEMORY_LIMIT}", flags=flags), "67108864\n")

    def test_read_only(self):
        self.assertEqual(self.sh("touch /new 2>/dev/null || echo no", flags=["--read-only"]), "no\n")

    def test_seccomp(self):
        self.assertIn("Seccomp:\t2", self.sh("cat /proc/self/status", flags=["--seccomp"]))

    def test_mounts(self):
        (self.scratch / "file").write_text("from the host\n")
        flags = ["--mount", f"type=bind,src={self.scratch},dst=/data,options=rbind:ro"]
        self.assertEqual(self.sh("cat /data/file", flags=flags), "from the host\n")

    def test_host_network(self):
        self.assertEqual(self.sh("readlink /proc/self/ns/net", flags=["--net-host"]), self.command("readlink", "/proc/self/ns/net").out)

    def test_privileged(self):
        self.assertEqual(self.sh("mount -t tmpfs none /tmp && echo mounted", flags=["--privileged"]), "mounted\n")

    def test_a_user_namespace(self):
        flags = ["--uidmap", "0:100000:5000", "--gidmap", "0:100000:5000"]
        self.assertEqual(self.sh("cat /proc/self/uid_map", flags=flags).split(), ["0", "100000", "5000"])

    def test_a_terminal_has_its_size_and_ordinary_lines(self):
        words = self.run_words("box", ("/bin/sh", "-c", "sleep 0.5; tty; stty size; exit 6"), ["--rm", "--tty"])
        self.assertEqual(self.terminal(*words, rows=33, columns=99).wait(), (6, "/dev/pts/0\r\r\n33 99\r\r\n"))  # ctr adds a \\r


class Tasks(ContainerdCase):
    def test_exec(self):
        self.detached()
        result = self.exec("/bin/sh", "-c", "echo out; exit 7", code=7)
        self.assertEqual(result.out, "out\n")

    def test_exec_with_a_terminal(self):
        self.detached()
        terminal = self.terminal("task", "exec", "--tty", "--exec-id", "other", self.name, "/bin/sh", "-c", "test -t 0 && exit 4")
        self.assertEqual(terminal.wait()[0], 4)

    def test_exec_of_what_is_not_there(self):
        self.detached()
        self.assertIn("executable file not found in $PATH", self.exec("nosuch", code=1).err)

    def test_kill_and_delete(self):
        self.detached()
        self.has_status("RUNNING")
        self.ctr("task", "kill", "--signal", "KILL", self.name)
        self.has_status("STOPPED")
        self.assertIn("exit code 137", self.ctr("task", "delete", self.name).err)

    def test_kill_all_ends_every_process(self):
        self.detached("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait", flags=["--with-ns", "pid:/proc/1/ns/pid"])
        self.ctr("task", "kill", "--all", "--signal", "KILL", self.name)
        self.has_status("STOPPED")

    def test_pause_and_resume(self):
        self.detached("/bin/sh", "-c", "while true; do echo x >> /tmp/n; sleep 0.05; done")
        self.ctr("task", "pause", self.name)
        self.has_status("PAUSED")
        self.ctr("task", "resume", self.name)
        self.has_status("RUNNING")
        size = self.count()
        self.until(lambda: self.count() > size, "it does not go on", 30)

    def count(self):
        self.execs = getattr(self, "execs", 0) + 1
        return int(self.ctr("task", "exec", "--exec-id", f"count{self.execs}", self.name, "/bin/sh", "-c", "wc -c < /tmp/n").out)

    def test_ps(self):
        self.detached()
        self.assertIn(self.task()["pid"], self.ctr("task", "ps", self.name).out.split())

    def test_metrics(self):
        self.detached(flags=["--memory-limit", "67108864"])
        memory = json.loads(self.ctr("task", "metrics", "--format", "json", self.name).out)["memory"]
        self.assertEqual(int(memory["usage_limit"] if UNIFIED else memory["usage"]["limit"]), 67108864)


@only_crumb("running Wasm")
class Wasm(ContainerdCase):
    def test_an_image_that_holds_only_modules(self):
        self.assertEqual(self.ran(image="wasm").out, "hello from wasm\n")

    def test_arguments_and_exit_code(self):
        self.assertEqual(self.ran("/args.wasm", "a b", image="wasm").out, "/args.wasm\na b\n")

    def test_exit_code(self):
        self.ran("/exitcode.wasm", "9", image="wasm", code=9)

    def test_a_component_is_told(self):
        self.assertIn("component", self.ran("/component.wasm", image="wasm", code=1).err)

    def test_a_module_that_is_not_there(self):
        self.assertIn("no such file or directory", self.ran("/nosuch.wasm", image="wasm", code=1).err)

    def test_read_only_limits_and_seccomp(self):
        flags = ["--read-only", "--memory-limit", "67108864", "--seccomp"]
        self.assertEqual(self.ran("/hello.wasm", image="wasm", flags=flags).out, "hello from wasm\n")

    def test_a_terminal(self):
        words = self.run_words("wasm", ("/isatty.wasm",), ["--rm", "--tty"])
        self.assertEqual(self.terminal(*words).wait(), (0, "1 1 1\r\r\n"))

    def test_exec_both_ways(self):
        self.detached("/guest/sleep.wasm", "1000")
        self.assertEqual(self.exec("/bin/echo", "native").out, "native\n")
        self.assertEqual(self.ctr("task", "exec", "--exec-id", "second", self.name, "/guest/hello.wasm").out, "hello from wasm\n")

    def test_kill_pause_resume_and_metrics(self):
        self.detached("/busy.wasm", image="wasm")
        self.ctr("task", "pause", self.name)
        self.has_status("PAUSED")
        self.ctr("task", "resume", self.name)
        self.assertIn("memory", json.loads(self.ctr("task", "metrics", "--format", "json", self.name).out))
        self.ctr("task", "kill", "--signal", "TERM", self.name)
        self.has_status("STOPPED")
        self.assertIn("exit code 143", self.ctr("task", "delete", self.name).err)


class RunByContainerd2(Run):
    daemon = staticmethod(newer)


class TasksOfContainerd2(Tasks):
    daemon = staticmethod(newer)


class WasmByContainerd2(Wasm):
    daemon = staticmethod(newer)
