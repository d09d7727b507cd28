"""containerds with root, state and socket of their own, and the case of a test that uses one through ctr."""

import atexit
import os
import pathlib
import signal
import subprocess
import time
import unittest

from caller_case import PATIENCE, CallerCase, Terminal, engines
from machine import FOLDER, GROUP, REPOSITORY
from podman_case import once, podman
from support import RUNTIME, SLOW, reap_orphans, waited_for

PEERS = pathlib.Path(os.environ.get("CRUMB_PEERS") or REPOSITORY / "build/peers")  # what tests/callers/build makes
CONFIG = """
version = {version}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
root = "{folder}/root"
state = "{run}/state"
[plugins."io.containerd.gc.v1.scheduler"]
startup_delay = "10m"
[grpc]
address = "{socket}"
"""
KUBERNETES = "k8s.io"  # the namespace of what kubelets make
# For kubelets: the sandbox's image and the runtime. What one needs to lower an oom_score is not here.
CRI_16 = """
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:latest"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "tested"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
BinaryName = "{runtime}"
"""
CRI_24 = """
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "localhost/pause:latest"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "tested"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.tested]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.tested.options]
BinaryName = "{runtime}"
"""


class Containerd:
    """One daemon and its clients: `programs` is the folder of containerd, ctr and the shim; None: those of PATH."""

    def __init__(self, name, programs, version, cri):
        self.folder, self.run = FOLDER / name, pathlib.Path("/run", name)
        self.socket = self.run / "socket"
        path = f"{programs}:{os.environ['PATH']}" if programs else os.environ["PATH"]
        self.environment = {**os.environ, "PATH": path, "CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS": "1"}  # of cgroup version 1
        self.ctr = [f"{programs}/ctr" if programs else "ctr", "--address", str(self.socket)]
        self.folder.mkdir()
        self.run.mkdir()
        values = {"folder": self.folder, "run": self.run, "socket": self.socket, "runtime": RUNTIME, "version": version}
        (self.folder / "config.toml").write_text((CONFIG + cri).format(**values))

    def start(self):
        log = self.folder / "log"
        with open(log, "wb") as file:
            process = subprocess.Popen(["containerd", "--config", self.folder / "config.toml"], env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        engines.add(process.pid)
        waited_for.add(process.pid)
        atexit.register(stop, process)
        end = time.monotonic() + PATIENCE * SLOW
        while subprocess.run([*self.ctr, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"containerd does not answer:\n{log.read_text()}")
            time.sleep(0.1)

    def import_images(self, namespace, *names):
        """What podman has built."""
        for name in names:
            archive = self.folder / f"{name}.tar"
            subprocess.run(["podman", "save", "--quiet", "--format", "oci-archive", "--output", archive, f"localhost/{name}:latest"],
                           env=podman().environment, check=True, stdout=subprocess.DEVNULL)
            subprocess.run([*self.ctr, "--namespace", namespace, "image", "import", "--index-name", f"localhost/{name}:latest", archive],
                           check=True, stdout=subprocess.DEVNULL)
            archive.unlink()
        reap_orphans()


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)


def newer_programs():
    """Where containerd 2 is; skips the test where it could not be built."""
    folder = PEERS / "containerd"
    if not (folder / "containerd").exists():
        raise unittest.SkipTest("containerd 2 was not built (tests/callers/build): Go is missing or too old")
    return folder


def started(*arguments):
    daemon = Containerd(*arguments)
    daemon.start()
    for namespace in (GROUP, KUBERNETES):
        daemon.import_images(namespace, "box", "wasm", "pause")
    return daemon


@once
def debians():
    return started("containerd", None, 2, CRI_16)


@once
def newer():
    return started("containerd2", newer_programs(), 3, CRI_24)


class ContainerdCase(CallerCase):
    daemon = staticmethod(debians)

    def setUp(self):
        super().setUp()
        self.containerd = self.daemon()
        self.environment = self.containerd.environment
        self.started = []
        self.addCleanup(self.remove_started)

    def ctr(self, *words, **options):
        return self.command(*self.containerd.ctr, "--namespace", GROUP, *words, **options)  # the namespace is the cgroup's name too

    def run_words(self, image, args, flags):
        return ["run", "--runc-binary", RUNTIME, *flags, f"localhost/{image}:latest", self.name, *args]

    def ran(self, *args, image="box", flags=(), **options):
        """`ctr run --rm`."""
        self.started.append(self.name)
        return self.ctr(*self.run_words(image, args, ["--rm", *flags]), **options)

    def sh(self, script, flags=(), **options):
        return self.ran("/bin/sh", "-c", "sleep 0.2; " + script, flags=flags, **options).out  # ctr loses what comes before it listens

    def detached(self, *args, image="box", flags=()):
        self.started.append(self.name)
        self.ctr(*self.run_words(image, args or ("/bin/sleep", "1000"), ["--detach", *flags]))
        return self.name

    def terminal(self, *words, **size):
        terminal = Terminal([*self.containerd.ctr, "--namespace", GROUP, *words], self.environment, **size)
        self.addCleanup(terminal.close)
        self.started.append(self.name)
        return terminal

    def exec(self, *args, flags=(), **options):
        return self.ctr("task", "exec", "--exec-id", "other", *flags, self.name, *args, **options)

    def task(self):
        """The task's line of `ctr task list`, as a dictionary."""
        lines = self.ctr("task", "list").out.splitlines()
        found = [line.split() for line in lines if line.split()[0] == self.name]
        return dict(zip(("id", "pid", "status"), found[0])) if found else {}

    def has_status(self, status):
        self.until(lambda: self.task().get("status") == status, f"the task is not {status}", 30)

    def remove_started(self):
        for name in self.started:
            self.ctr("task", "kill", "--signal", "KILL", name, code=None)
            self.until(lambda: self.task().get("status", "STOPPED") == "STOPPED", "the task does not end", 30)
            self.ctr("task", "delete", name, code=None)
            self.ctr("container", "delete", name, code=None)
        self.assertEqual(self.ctr("container", "list", "--quiet").out, "")

    @staticmethod
    def state_folder():
        return pathlib.Path("/run/containerd/runc", GROUP)

    def leftovers(self):
        root = self.state_folder()
        return super().leftovers() + [f"state: {entry}" for entry in (root.iterdir() if root.exists() else ())]
