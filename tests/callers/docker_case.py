"""A Docker daemon with folders and a socket of its own, beside the tests' containerd, and the case of a test that uses it."""

import atexit
import os
import pathlib
import subprocess
import time
import unittest

from caller_case import PATIENCE, CallerCase, engines
from containerd_case import PEERS, debians, stop
from machine import FOLDER, GROUP
from podman_case import contexts, once
from support import KIND, RUNTIME, SLOW, reap_orphans, waited_for

PROGRAMS = PEERS / "docker"  # unpacked by tests/callers/build
SOCKET = "unix:///run/crumb-docker/socket"


def words():
    """Containers' cgroups are below the tests' own; no bridge: only --network none and host."""
    folder, run = FOLDER / "docker", pathlib.Path("/run/crumb-docker")
    return [PROGRAMS / "dockerd", "--host", SOCKET, "--data-root", folder, "--exec-root", run, "--pidfile", run / "pid",
            "--containerd", debians().socket, "--storage-driver", "overlay2", "--bridge", "none", "--iptables=false", "--ip6tables=false",
            "--cgroup-parent", f"/{GROUP}", "--add-runtime", f"{KIND}-tested={RUNTIME}", "--default-runtime", f"{KIND}-tested"]


@once
def docker():
    """The client's words, with a daemon that runs."""
    if not (PROGRAMS / "dockerd").exists():
        raise unittest.SkipTest("Docker was not unpacked (tests/callers/build)")
    client = [PROGRAMS / "docker", "--host", SOCKET]
    pathlib.Path("/run/crumb-docker").mkdir()
    log = FOLDER / "docker.log"
    with open(log, "wb") as file:
        environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        process = subprocess.Popen(words(), env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    engines.add(process.pid)
    waited_for.add(process.pid)
    atexit.register(stop, process)
    end = time.monotonic() + PATIENCE * SLOW
    while subprocess.run([*client, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"dockerd does not answer:\n{log.read_text()[-4000:]}")
        time.sleep(0.1)
    import_images(client)
    reap_orphans()
    return client


def import_images(client):
    """"box" and "wasm" of what podman builds its images from."""
    for name, folder, change in (("box", "root", 'ENV COLOUR=green'), ("wasm", "", 'ENTRYPOINT ["/hello.wasm"]')):
        tar = subprocess.run(["tar", "-C", contexts()[name] / folder, "-c", "."], check=True, stdout=subprocess.PIPE).stdout
        subprocess.run([*client, "import", "--change", change, "-", name], input=tar, check=True, stdout=subprocess.DEVNULL)


class DockerCase(CallerCase):
    def setUp(self):
        super().setUp()
        self.client = docker()
        self.name = f"crumb-{self.name}"
        self.addCleanup(lambda: self.docker("rm", "--force", self.name, code=None))

    def docker(self, *words, **options):
        return self.command(*self.client, *words, **options)

    def run_container(self, *args, image="box", flags=(), **options):
        return self.docker("run", "--rm", "--network", "none", "--name", self.name, *flags, image, *args, **options)

    def detached(self, *args, image="box", flags=()):
        self.docker("run", "--detach", "--network", "none", "--name", self.name, *flags, image, *args)

    def inspect(self, template):
        return self.docker("inspect", "--format", template, self.name).out.strip()
