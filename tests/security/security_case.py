"""What the security tests share: the harness of tests/integration, and the attackers of tests/security/attackers in C.

Each test says under which change of crumb it was seen to fail. A test that an attacker loses because it never got to attack would
prove nothing: where the attacker needs luck it says how often it had it.

Environment:
  CRUMB_RUNTIME    the runtime under test (default: build/release/bin/crumb)
  CRUMB_ATTACKERS  folder of the compiled attackers (default: build/attackers)
  CRUMB_AOT        crumb-aot (default: what belongs to the runtime)
"""

import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

from support import RUNTIME, SLOW, ContainerCase  # noqa: E402

ATTACKERS = pathlib.Path(os.environ.get("CRUMB_ATTACKERS") or REPOSITORY / "build/attackers")


class SecurityCase(ContainerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([REPOSITORY / "tests/security/build", ATTACKERS], check=True)

    def attacker(self, name, path=None):
        """Puts an attacker into the root filesystem; returns its path there."""
        path = path or f"/bin/{name}"
        self.bundle.file(path, (ATTACKERS / name).read_bytes(), 0o755)
        return path

    def attack(self, name, *arguments):
        """Runs an attacker on the host's side of a shared volume, as a process of another container would; ends with the test."""
        process = subprocess.Popen([ATTACKERS / name, *arguments], stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def folder_of(self, name):
        folder = self.scratch / name
        folder.mkdir()
        return folder


__all__ = ["ATTACKERS", "RUNTIME", "SLOW", "SecurityCase"]
