"""Tests of real containers on a machine of another kind: user-mode Linux with pure cgroup version 2, kernel 6.1 and
CAP_SYS_RESOURCE. The machine boots once; each test here is one that ran there, of tests/integration (CHOSEN) or of tests/vm/guest.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
sys.path[:0] = [str(INTEGRATION), str(HERE / "guest")]

from support import IS_CRUMB, RUNTIME, guests  # noqa: E402

# All that concerns cgroups, and of the rest enough to see that another kernel makes no difference.
CHOSEN = [
    "test_cgroups", "test_devices", "test_update", "test_pause", "test_events", "test_ps", "test_signals.Killed", "test_signals.Orphans", "test_many.Many",
    "test_pod", "test_lifecycle.Create", "test_lifecycle.Kill",
    "test_lifecycle.Delete", "test_exec.Detached", "test_exec.Paused", "test_exec.SubCgroups",
    "test_exec.CgroupWithControllers", "test_terminal.ConsoleSocket", "test_namespaces.Contents", "test_mounts.Binds", "test_rootfs.Devices",
    "test_rootfs.Paths", "test_process.Capabilities", "test_wasm.Limits", "test_wasm.Lifecycle", "test_wasm.Refusals",
    "test_userns.UserNamespace", "test_userns.Exec", "test_rootless.Rootless", "test_delegated", "test_privileged",
    "test_seccomp.Actions", "test_seccomp.LastSteps", "test_seccomp.Exec", "test_seccomp.DockersProfile",
]
LIMIT = 1200  # seconds for the whole machine
FORKS_ARE_SLOWER = "8"


def names_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from names_in(test)
        else:
            yield test.id()


class Machine:
    """What one run of all tests in the guest gave: name -> (outcome, text)."""

    results = None
    log = ""

    @classmethod
    def run(cls, names):
        if cls.results is not None:
            return
        with tempfile.TemporaryDirectory(prefix="crumb-vm-") as folder:
            out = pathlib.Path(folder)
            (out / "names").write_text("\n".join(names))
            environment = {**os.environ, "CRUMB_TEST_SLOW": FORKS_ARE_SLOWER, **cls.hand_over(out)}
            command = [HERE / "uml/boot", "-t", str(LIMIT), "-o", out, "--", sys.executable, HERE / "guest/run_tests.py"]
            machine = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            cls.log = f"boot ended with exit code {machine.returncode}\n{machine.stdout[-5000:]}"
            cls.results = cls.read(out / "results")

    @staticmethod
    def hand_over(out):
        """The guest has a /tmp of its own: crumb and the Wasm guests go with it. Returns the environment that says where."""
        if not IS_CRUMB:
            return {}
        installed = pathlib.Path(RUNTIME).resolve().parents[1]
        for name in ("bin", "libexec"):
            shutil.copytree(installed / name, out / "crumb" / name, ignore=shutil.ignore_patterns("test_*"))
        shutil.copytree(guests(), out / "crumb/guests")
        return {"CRUMB_RUNTIME": "/tmp/crumb/bin/crumb", "CRUMB_GUESTS": "/tmp/crumb/guests"}

    @staticmethod
    def read(path):
        results = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            record = json.loads(line)
            if record["outcome"] == "start":
                continue
            before = results.get(record["test"], ("", ""))
            if before[0] == "failed":  # a subtest or a clean-up
                results[record["test"]] = ("failed", before[1] + "\n" + record["text"])
            else:
                results[record["test"]] = (record["outcome"], record["text"])
        return results


class InGuest(unittest.TestCase):
    """One test that runs in the guest, with its name and its outcome."""

    names = []

    def __init__(self, name):
        super().__init__("outcome")
        self.name = name

    def id(self):
        return self.name

    __str__ = id

    def outcome(self):
        Machine.run(self.names)
        outcome, text = Machine.results.get(self.name, ("missing", ""))
        if outcome == "skipped":
            self.skipTest(text)
        if outcome == "missing":
            self.fail(f"the guest did not come to this test: {Machine.log}")
        self.assertEqual(outcome, "passed", text)


def load_tests(loader, tests, pattern):
    InGuest.names = list(names_in(loader.loadTestsFromNames(CHOSEN)))
    return unittest.TestSuite(map(InGuest, InGuest.names))


if __name__ == "__main__":
    unittest.main()
