"""The runtime under conmon with the command lines of CRI-O: create by conmon; start, exec, update, kill, delete as CRI-O calls them."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import unittest

from support import RUNTIME, SLOW, ContainerCase, not_on, only_crumb, reap_orphans
from test_systemd import SystemdCase

SYNC, START = 3, 4  # the descriptors that conmon is told of


def pipe_out_of_the_way():
    """Two descriptors that are none of those which conmon is told of."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends]
    for end in ends:
        os.close(end)
    return high


def answers(reading):
    """The JSON lines that conmon writes until it has closed its end."""
    with os.fdopen(reading) as file:
        return [json.loads(line) for line in file]


@unittest.skipUnless(shutil.which("conmon"), "conmon is not installed")
@not_on("crun", "the tests' wrapper of crun is no program that conmon could run in its place")
class CriO(ContainerCase):
    def setUp(self):
        super().setUp()
        self.folders = {name: self.new_path(name) for name in ("exits", "persist", "sockets", "root")}
        for folder in self.folders.values():
            folder.mkdir()
        self.log = self.new_path("log")
        self.pidfile = self.bundle.path / "pidfile"
        self.addCleanup(self.remove_conmons_files)
        self.addCleanup(self.called, "delete", "--force", self.name, code=None)

    def remove_conmons_files(self):
        for name in ("attach", "conmon-pidfile", "ctl", "pidfile", "winsz"):
            (self.bundle.path / name).unlink(missing_ok=True)

    def environment(self):
        return {"PATH": os.environ["PATH"], "CRUMB_TEST_ID": self.name}

    def called(self, *words, code=0, **options):
        """CRI-O's own calls of the runtime."""
        reap_orphans()  # a zombie keeps its cgroup
        command = [RUNTIME, f"--root={self.folders['root']}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20 * SLOW, env={**os.environ, **self.environment()}, **options)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        return done

    def conmon(self, *words, started=False):
        """Runs conmon until it lets its caller go; what it wrote to its sync pipe. started: it waits to be told to begin."""
        reading, writing = pipe_out_of_the_way()
        waiting, telling = pipe_out_of_the_way()
        common = ["-n", f"k8s_{self.name}", "-r", RUNTIME, "--runtime-arg", f"--root={self.folders['root']}",
                  "--socket-dir-path", self.folders["sockets"], "--log-level", "info"]
        environment = {"_OCI_SYNCPIPE": str(SYNC), **self.environment()}
        if started:
            environment["_OCI_STARTPIPE"] = str(START)
        descriptors = f"exec {SYNC}<&{writing} {START}<&{waiting} {writing}>&- {waiting}>&-; exec conmon \"$@\""
        child = subprocess.Popen(["bash", "-c", descriptors, "conmon", *map(str, [*common, *words])], env=environment,
                                 pass_fds=[writing, waiting], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        os.close(waiting)
        with contextlib.suppress(BrokenPipeError):
            os.write(telling, b"\0")
        os.close(telling)
        child.wait(20 * SLOW)
        return reading

    def create_by_conmon(self, *args, flags=()):
        """What conmon says of the container: {"pid": N}."""
        self.process["args"] = list(args)
        self.bundle.write()
        reading = self.conmon("-b", self.bundle.path, "-c", self.name, "--exit-dir", self.folders["exits"], "-l", self.log, "-P",
                              self.bundle.path / "conmon-pidfile", "-p", self.pidfile, "--persist-dir", self.folders["persist"], "--syslog",
                              "-u", self.name, "--log-size-max", "-1", *flags, started=True)
        with os.fdopen(reading) as file:
            return json.loads(file.readline())

    def exec_sync(self, *args, timeout=0):
        """CRI-O's ExecSync: (exit code, output)."""
        process = self.new_path("process.json")
        process.write_text(json.dumps({**self.process, "args": list(args)}))
        log, pidfile = self.new_path("log"), self.new_path("pid")
        limit = ["-T", timeout] if timeout else []
        reading = self.conmon("-c", self.name, "-p", pidfile, "-e", "-l", log, "--sync", *limit, "--exec-process-spec", process)
        said = answers(reading)
        codes = [answer["exit_code"] for answer in said if "exit_code" in answer]
        self.assertTrue(codes, said)
        return codes[0], "".join(line.split(" ", 3)[3] for line in log.read_text().splitlines(keepends=True))

    def exit_code(self):
        """As conmon wrote it for CRI-O."""
        path = self.folders["exits"] / self.name
        self.until(lambda: path.exists() and path.read_text(), "conmon writes no exit code")
        return int(path.read_text())

    def logged(self):
        return "".join(line.split(" ", 3)[3] for line in self.log.read_text().splitlines(keepends=True))

    def test_a_container_from_create_to_its_exit_code(self):
        self.assertEqual(self.create_by_conmon("/bin/sh", "-c", "echo out; exit 5")["pid"], int(self.pidfile.read_text()))
        self.assertEqual(json.loads(self.called("state", self.name).stdout)["status"], "created")
        self.called("start", self.name)
        self.assertEqual((self.exit_code(), self.logged()), (5, "out\n"))
        self.assertEqual(json.loads(self.called("state", self.name).stdout)["status"], "stopped")
        self.called("delete", "--force", self.name)

    def test_stdin_that_stays_open_and_no_pivot(self):
        self.create_by_conmon("/bin/sh", "-c", "echo ready; exec sleep 1000", flags=["-i", "--leave-stdin-open", "--no-pivot"])
        self.called("start", self.name)
        self.until(lambda: "ready" in self.logged(), "it does not begin")
        self.called("kill", self.name, "9")
        self.assertEqual(self.exit_code(), 137)

    def test_a_terminal(self):
        self.process["terminal"] = True
        self.create_by_conmon("/bin/sh", "-c", "tty; exit 3", flags=["-t"])
        self.called("start", self.name)
        self.assertEqual((self.exit_code(), self.logged().split()), (3, ["/dev/pts/0"]))

    def test_why_it_cannot_be_created_is_told_by_conmon(self):
        said = self.create_by_conmon("/no/such/program")
        self.assertEqual(said["pid"], -1)
        self.assertIn("/no/such/program", said["message"])

    def test_exec_sync(self):
        self.create_by_conmon("/bin/sleep", "1000")
        self.called("start", self.name)
        self.assertEqual(self.exec_sync("/bin/sh", "-c", "echo out; exit 7"), (7, "out\n"))

    def test_exec_sync_that_takes_too_long(self):
        self.create_by_conmon("/bin/sleep", "1000")
        self.called("start", self.name)
        self.assertEqual(self.exec_sync("/bin/sleep", "1000", timeout=1)[0], -1)

    def test_update_pause_resume_stop_and_delete(self):
        self.create_by_conmon("/bin/sleep", "1000")
        self.called("start", self.name)
        self.called("update", "--resources", "-", self.name, input='{"pids": {"limit": 77}}')
        self.called("pause", self.name)
        self.assertEqual(json.loads(self.called("state", self.name).stdout)["status"], "paused")
        self.called("resume", self.name)
        self.called("kill", self.name, "15")
        self.called("kill", self.name, "9")
        self.assertEqual(self.exit_code(), 137)
        self.called("delete", "--force", self.name)
        self.assertNotEqual(self.called("state", self.name, code=None).returncode, 0)

    @only_crumb("WebAssembly")
    def test_a_module(self):
        self.bundle.guest("sleep", "/sleep.wasm")
        self.bundle.guest("exitcode", "/exitcode.wasm")
        self.create_by_conmon("/sleep.wasm", "1000")
        self.called("start", self.name)
        self.assertEqual(self.exec_sync("/exitcode.wasm", "9")[0], 9)
        self.called("kill", self.name, "15")
        self.assertEqual((self.exit_code(), self.logged()), (143, "ready\n"))


class PodmanWithSystemd(CriO, SystemdCase):
    """podman 4.3 with --cgroup-manager=systemd: conmon hands --systemd-cgroup on, podman's own calls are without it."""

    def setUp(self):
        super().setUp()
        self.start_systemd()
        self.unit = f"libpod-{self.name}.scope"
        self.linux["cgroupsPath"] = f"{self.slice}:libpod:{self.name}"
        self.linux["resources"] = {"pids": {"limit": 2048}, "devices": [{"allow": False, "access": "rwm"}]}
        self.config["annotations"] = {"io.container.manager": "libpod", "io.podman.annotations.autoremove": "FALSE",
                                      "org.opencontainers.image.stopSignal": "15", "org.systemd.property.KillSignal": "37",
                                      "org.systemd.property.TimeoutStopUSec": "uint64 10000000"}

    def conmon(self, *words, **options):
        return super().conmon("-s", *words, **options)

    def environment(self):
        return {**super().environment(), "DBUS_SYSTEM_BUS_ADDRESS": self.systemd.address}

    def up(self):
        self.create_by_conmon("/bin/sleep", "1000")
        self.called("start", self.name)
        return int(self.pidfile.read_text())

    def test_a_container_is_in_podmans_scope_until_it_is_deleted(self):
        pid = self.up()
        told = self.started()
        self.assertEqual((told["Slice"], told["KillSignal"], told["TimeoutStopUSec"]),
                         (["s", self.slice], ["i", 37], ["t", 10000000]))
        self.assertIn(str(pid), (self.cgroup_folder("pids") / "cgroup.procs").read_text().split())
        self.called("kill", self.name, "9")
        self.assertEqual(self.exit_code(), 137)
        self.called("delete", "--force", self.name)
        self.assertEqual([call["unit"] for call in self.systemd.calls("StopUnit")], [self.unit])
        self.assertFalse(self.cgroup_folder("pids").exists())

    def test_exec_is_in_the_scope(self):
        self.up()
        code, out = self.exec_sync("/bin/cat", "/proc/self/cgroup")
        self.assertEqual(code, 0)
        self.assertNotIn(":/..", out, "outside of the container's cgroups")

    def test_update_reaches_systemd(self):
        self.up()
        limits = self.new_path("resources.json")
        limits.write_text('{"pids": {"limit": 44}}')
        self.called("update", "--resources", str(limits), self.name)
        self.assertEqual(self.systemd.calls("SetUnitProperties")[-1]["properties"], {"TasksMax": ["t", 44]})
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "44")


if __name__ == "__main__":
    unittest.main()
