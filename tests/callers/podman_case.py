"""A podman with settings, storage and images of its own, and the case of a test that uses it."""

import json
import os
import subprocess

from caller_case import PATIENCE, CallerCase, Terminal, make_images
from machine import FOLDER, GROUP
from support import KIND, RUNTIME, UNIFIED, reap_orphans

# nofile, nproc: podman 4.3 asks for more than a process without CAP_SYS_RESOURCE may have.
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "{kind}"
runtime_supports_json = ["{kind}"]
runtime_supports_nocgroup = ["{kind}"]
tmp_dir = "{run}/libpod"
volume_path = "{folder}/volumes"
[engine.runtimes]
{kind} = ["{runtime}"]
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{run}/storage"
"""
MEMORY_LIMIT = "/sys/fs/cgroup/" + ("memory.max" if UNIFIED else "memory/memory.limit_in_bytes")  # where a container sees its own


class Podman:
    """One installation: where its settings are, and the images built in it."""

    def __init__(self, folder, run):
        folder.mkdir()
        values = {"folder": folder, "run": run, "kind": KIND, "runtime": RUNTIME}
        (folder / "containers.conf").write_text(CONTAINERS_CONF.format(**values))
        (folder / "storage.conf").write_text(STORAGE_CONF.format(**values))
        self.folder = folder
        self.environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf"),
                            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"), "TERM": "dumb"}

    def build(self):
        for name, context in contexts().items():
            subprocess.run(["podman", "build", "--quiet", "--isolation", "chroot", "--tag", name, context], env=self.environment,
                           check=True, stdout=subprocess.DEVNULL, timeout=10 * PATIENCE)
        reap_orphans()


def once(function):
    """Called when the first test needs it. What failed once is not tried again."""
    made, failed = [], []

    def get():
        if failed:
            raise failed[0]
        if not made:
            try:
                made.append(function())
            except Exception as error:
                failed.append(error)
                raise
        return made[0]

    return get


@once
def contexts():
    return make_images(FOLDER / "contexts")


@once
def podman():
    installation = Podman(FOLDER / "podman", "/run/podman")
    installation.build()
    return installation


class PodmanCase(CallerCase):
    @classmethod
    def setUpClass(cls):
        cls.podman_installation = podman()
        cls.environment = cls.podman_installation.environment

    def setUp(self):
        super().setUp()
        self.made_containers = False
        self.addCleanup(self.remove_all)

    def podman(self, *words, **options):
        return self.command("podman", *words, **options)

    @staticmethod
    def where(flags):
        """Every container's flags, with these."""
        network = [] if {"--network", "--pod"} & set(flags) else ["--network", "none"]
        parent = [] if {"--cgroups", "--pod"} & set(flags) else ["--cgroup-parent", f"/{GROUP}"]
        return [*network, *parent, *flags]

    def run_line(self, image, *args, flags=()):
        return ["run", "--rm", *self.where(flags), image, *args]

    def output_of(self, *args, image="box", flags=(), **options):
        """`podman run --rm`: what the container wrote to stdout."""
        return self.ran(*args, image=image, flags=flags, **options).out

    def ran(self, *args, image="box", flags=(), **options):
        self.made_containers = True
        return self.podman(*self.run_line(image, *args, flags=flags), **options)

    def sh(self, script, flags=(), **options):
        return self.output_of("sh", "-c", script, flags=flags, **options)

    def wasm(self, guest, *args, flags=(), **options):
        """A module in an image that holds nothing else."""
        return self.ran(*args, image="wasm", flags=["--entrypoint", f"/{guest}.wasm", *flags], **options)

    def detached(self, *args, image="box", flags=(), name=None):
        """A container that goes on; its name."""
        self.made_containers = True
        name = name or f"{self.name}-d"
        self.podman("run", "--detach", "--name", name, *self.where(flags), image, *(args or ("sleep", "1000")))
        return name

    def detached_wasm(self, guest="sleep", *args, flags=()):
        name = self.detached(*(args or ("1000",)), image="wasm", flags=["--entrypoint", f"/{guest}.wasm", *flags])
        self.until(lambda: "ready" in self.podman("logs", name).out, "the guest does not start", 30)
        return name

    def terminal(self, *words, **size):
        terminal = Terminal(["podman", *words], self.environment, **size)
        self.addCleanup(terminal.close)
        self.made_containers = True
        return terminal

    def inspect(self, name, *path):
        value = json.loads(self.podman("inspect", name).out)[0]
        for key in path:
            value = value[key]
        return value

    def exit_code(self, name):
        return int(self.podman("wait", name).out)

    def remove_all(self):
        if self.made_containers:
            self.podman("rm", "--all", "--force", "--time", "0")
