"""Modules that are compiled in the background: no caller waits for a compiler that hangs, and none is held up by it."""

import contextlib
import os
import pathlib
import signal

from caller_case import CallerCase
from containerd_case import ContainerdCase
from podman_case import PodmanCase
from support import only_crumb, with_hanging_compiler

ANNOTATION = ("--annotation", "run.crumb.wasm.compile=background")


def words_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []


class Jobs(CallerCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.end_jobs)
        self.crumb = with_hanging_compiler(self.scratch / "installed")

    def processes_of(self, *words):
        return [pid for pid in self.processes() if all(word in words_of(pid) for word in words)]

    def end_jobs(self):
        for pid in self.processes_of(b"compile-job"):
            os.kill(pid, signal.SIGTERM)
        self.until(lambda: not self.processes_of(b"compile-job"), "the job does not end", 60)

    def the_compiler_runs(self):
        self.until(lambda: self.processes_of(b"crumb-aot"), "the compiler does not start", 60)

    def only_the_job_runs(self):
        """Nobody who started it has stayed."""
        self.until(lambda: not [pid for pid in self.processes() if b"compile-job" not in words_of(pid) and words_of(pid)[:1] != [b"crumb-aot"]],
                   "a process of the caller stays", 30)


@only_crumb("compiling WebAssembly")
class Podman(Jobs, PodmanCase):
    def test_a_detached_start_returns_and_the_container_can_be_removed(self):
        self.made_containers = True
        flags = self.where(["--entrypoint", "/hello.wasm", *ANNOTATION])
        self.podman("--runtime", self.crumb, "run", "--detach", "--name", self.name, *flags, "wasm")
        self.the_compiler_runs()
        self.assertEqual(self.exit_code(self.name), 0)
        self.assertEqual(self.podman("logs", self.name).out, "hello from wasm\n")
        self.podman("--runtime", self.crumb, "rm", self.name)
        self.only_the_job_runs()
        self.assertTrue(self.processes_of(b"crumb-aot"))

    def test_a_run_in_the_foreground_ends_with_its_container(self):
        self.made_containers = True
        flags = self.where(["--entrypoint", "/hello.wasm", *ANNOTATION])
        self.assertEqual(self.podman("--runtime", self.crumb, "run", "--rm", *flags, "wasm").out, "hello from wasm\n")
        self.only_the_job_runs()


@only_crumb("compiling WebAssembly")
class Containerd(Jobs, ContainerdCase):
    def test_a_detached_start_returns_and_the_container_can_be_removed(self):
        self.started.append(self.name)
        self.ctr("run", "--detach", "--runc-binary", self.crumb, *ANNOTATION, "localhost/wasm:latest", self.name, "/hello.wasm")
        self.the_compiler_runs()
        self.has_status("STOPPED")
        self.ctr("task", "delete", self.name)
        self.ctr("container", "delete", self.name)
        self.only_the_job_runs()
        self.assertTrue(self.processes_of(b"crumb-aot"))
