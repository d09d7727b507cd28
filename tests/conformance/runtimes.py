"""The runtimes that are compared: crumb, which is under test (CRUMB_RUNTIME or build/release/bin/crumb), and its peers runc and crun."""

import dataclasses
import functools
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "integration")]
import peers  # noqa: E402
import support  # noqa: E402

PEERS = ("runc", "crun")


@dataclasses.dataclass(frozen=True)
class Runtime:
    name: str
    program: str

    @functools.cached_property
    def version(self):
        """The version number that it tells of itself."""
        return self.run("--version").stdout.split()[2]

    def run(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60)


@functools.cache
def runtimes():
    """Name -> Runtime, crumb first."""
    peers.wrap_crun()
    programs = {"crumb": support.RUNTIME, "runc": shutil.which("runc"), "crun": str(peers.CRUN)}
    return {name: Runtime(name, program) for name, program in programs.items()}
