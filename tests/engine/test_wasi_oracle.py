"""The guests of named cases under wasmtime and here, in equal folders. Where they print something else, docs/wasi.md says why; a row of its
table whose difference is gone is a failure."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from engine_case import ENGINE, HERE, SANITIZED, guest
from wasi_case import WasiCase, cases

TOP = HERE.parents[1]
GUESTS = ("wasi_clocks", "wasi_descriptors", "wasi_files")  # those that need nobody to talk with
ROW = re.compile(r"\| `(?P<guest>\w+) (?P<case>\w+)` \| (?P<theirs>.*?) \| (?P<ours>.*?) \| (?P<reason>.+) \|")


def documented():
    """(guest, case) pairs of docs/wasi.md's table of differences."""
    return {(row["guest"], row["case"]) for row in map(ROW.match, (TOP / "docs/wasi.md").read_text().splitlines()) if row}


def wasmtime():
    """Where the package is. Skips where it cannot be had."""
    folder = pathlib.Path(os.environ.get("CRUMB_ORACLE", TOP / "build/oracle"))
    done = subprocess.run([TOP / "tests/oracle/fetch", folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise unittest.SkipTest((done.stdout.splitlines() or ["tests/oracle/fetch said nothing"])[-1])
    return folder / "python"


@unittest.skipIf(SANITIZED, "the sanitizer changes nothing here")
class Oracle(WasiCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = wasmtime()

    def theirs(self, name, chosen):
        folder = self.folder / name
        for case in chosen:
            (folder / case).mkdir(parents=True)
        done = subprocess.run([sys.executable, TOP / "tests/oracle/run.py", self.packages, guest(name), folder, *chosen],
                              stdout=subprocess.PIPE, text=True, timeout=300, check=True)
        return {case: tuple(result) for case, result in json.loads(done.stdout).items()}

    def ours(self, name, case):
        self.guest = name
        process = self.begin(None, case)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    def test_every_case_prints_what_it_prints_under_wasmtime_unless_the_documentation_says_why(self):
        different = set()
        for name in GUESTS:
            chosen = cases(name, shutil.which(ENGINE))
            theirs = self.theirs(name, chosen)
            for case in chosen:
                if theirs[case] != self.ours(name, case):
                    different.add((name, case))
        self.assertEqual(different - documented(), set(), "not in docs/wasi.md")
        self.assertEqual(documented() - different, set(), "no difference any more: remove the row in docs/wasi.md")


if __name__ == "__main__":
    unittest.main()
