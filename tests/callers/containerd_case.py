"""A containerd with root, state and socket of its own, and the case of a test that uses it through ctr."""

import atexit
import os
import pathlib
import signal
import subprocess
import time

from caller_case import PATIENCE, CallerCase, Terminal, engines
from machine import FOLDER, GROUP
from podman_case import once, podman
from support import RUNTIME, SLOW, reap_orphans, waited_for

SOCKET = "/run/containerd/test.sock"
CONFIG = """
version = 2
root = "{folder}/root"
state = "/run/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
                    "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt"]
[plugins."io.containerd.gc.v1.scheduler"]
startup_delay = "10m"
[grpc]
address = "{socket}"
"""
CTR = ["ctr", "--address", SOCKET, "--namespace", GROUP]  # the namespace is the cgroup's name too


@once
def containerd():
    """Starts it and gives it the images that podman has built."""
    folder = FOLDER / "containerd"
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, socket=SOCKET))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(["containerd", "--config", folder / "config.toml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    engines.add(process.pid)
    waited_for.add(process.pid)
    atexit.register(stop, process)
    wait_for(process, folder / "log")
    for name in ("box", "wasm"):
        archive = folder / f"{name}.tar"
        subprocess.run(["podman", "save", "--quiet", "--format", "oci-archive", "--output", archive, f"localhost/{name}:latest"],
                       env=podman().environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*CTR, "image", "import", "--index-name", f"localhost/{name}:latest", archive], check=True, stdout=subprocess.DEVNULL)
        archive.unlink()
    reap_orphans()


def wait_for(process, log):
    end = time.monotonic() + PATIENCE * SLOW
    while subprocess.run([*CTR, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"containerd does not answer:\n{log.read_text()}")
        time.sleep(0.1)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)


class ContainerdCase(CallerCase):
    @classmethod
    def setUpClass(cls):
        containerd()

    def setUp(self):
        super().setUp()
        self.started = []
        self.addCleanup(self.remove_started)

    def ctr(self, *words, **options):
        return self.command(*CTR, *words, **options)

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
        terminal = Terminal([*CTR, *words], os.environ, **size)
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
