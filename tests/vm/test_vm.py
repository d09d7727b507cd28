"""Tests of real containers on a machine of another kind: user-mode Linux with pure cgroup version 2, kernel 6.1 and
CAP_SYS_RESOURCE. Two machines boot and share the tests of tests/integration and tests/vm/guest; each test here is one that ran there.
"""

import concurrent.futures
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
FOLDERS = [str(INTEGRATION), str(HERE / "guest")]
sys.path[:0] = FOLDERS

from support import IS_CRUMB, RUNTIME, guests  # noqa: E402

MACHINES = 2  # each has one CPU
LIMIT = 2300  # seconds for a machine
FORKS_ARE_SLOWER = "8"
# What crumb refuses, prints or logs before a process exists is the same on every machine; test_systemd has a stand-in for systemd, and
# test_real_systemd here the real one; the compiler is far slower here, and what becomes of its files asks nothing of the kernel's version.
LEFT_OUT = ("test_refusals", "test_plan", "test_regex", "test_logging", "test_wasm_inspect", "test_wasm_cache", "test_wasm_compile", "test_systemd")


def names_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from names_in(test)
        else:
            yield test.id()


def only_chosen(names):
    """All, or those that tests/report.py is asked for: no others shall run in the guest."""
    chosen = os.environ.get("CRUMB_ONLY", "").splitlines()
    return [name for name in names if not chosen or name in chosen]


def shares(names, count):
    """The names in `count` lists of about one length; a class stays whole, so that what it sets up is set up once."""
    classes = {}
    for name in names:
        classes.setdefault(name.rpartition(".")[0], []).append(name)
    lists = [[] for _ in range(count)]
    for tests in sorted(classes.values(), key=len, reverse=True):
        min(lists, key=len).extend(tests)
    return lists


class Machines:
    """What one run of all tests in the guests gave: name -> (outcome, text)."""

    results = None
    log = ""
    count = MACHINES
    prefix = []  # of the command in the guest

    @classmethod
    def run(cls, names):
        if cls.results is None:
            cls.results = {}  # machines that fail are not booted again for each test
            with concurrent.futures.ThreadPoolExecutor(cls.count) as pool:
                runs = list(pool.map(cls.boot, shares(names, cls.count)))
            cls.results = {name: result for results, _ in runs for name, result in results.items()}
            cls.log = "\n".join(log for _, log in runs)

    @classmethod
    def boot(cls, names):
        """Runs these tests on a machine of their own; returns their results and how the machine ended."""
        with tempfile.TemporaryDirectory(prefix="crumb-vm-") as folder:
            out = pathlib.Path(folder)
            (out / "names").write_text("\n".join(names))
            environment = {**os.environ, "CRUMB_TEST_SLOW": FORKS_ARE_SLOWER, **cls.hand_over(out)}
            command = [HERE / "uml/boot", "-t", str(LIMIT), "-o", out, "--", *cls.prefix, sys.executable, HERE / "guest/run_tests.py"]
            machine = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            return cls.read(out / "results"), f"boot ended with exit code {machine.returncode}\n{machine.stdout[-2000:]}"

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
        text = path.read_text(errors="replace") if path.exists() else ""
        for line in text.rpartition("\n")[0].splitlines():  # a machine that was stopped may have left half a line
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
    machines = Machines

    def __init__(self, name):
        super().__init__("outcome")
        self.name = name

    def id(self):
        return self.name

    __str__ = id

    def outcome(self):
        self.machines.run(self.names)
        outcome, text = self.machines.results.get(self.name, ("missing", ""))
        if outcome == "skipped":
            self.skipTest(text)
        if outcome == "missing":
            self.fail(f"the guest did not come to this test: {self.machines.log}")
        self.assertEqual(outcome, "passed", text)


def load_tests(loader, tests, pattern):
    suites = [unittest.TestLoader().discover(folder, pattern="test_*.py", top_level_dir=folder) for folder in FOLDERS]
    InGuest.names = only_chosen(name for suite in suites for name in names_in(suite) if name.partition(".")[0] not in LEFT_OUT)
    return unittest.TestSuite(map(InGuest, InGuest.names))


if __name__ == "__main__":
    unittest.main()
