"""report.py FOLDER RESULTS: runs the unittest tests of a folder, or those that the environment's CRUMB_ONLY names (one a line), and appends
one JSON line to RESULTS for each that begins ("start") and ends ("passed", "failed", "skipped"), so that a run which is killed still
tells how far it came."""

import fcntl
import json
import os
import sys
import time
import unittest

import signals


class Recorder(unittest.TestResult):
    def __init__(self, file):
        super().__init__()
        self.file = file
        self.began = {}
        self.subtests_failed = set()

    def write(self, test, outcome, text=""):
        seconds = time.monotonic() - self.began.get(test.id(), time.monotonic())
        self.file.write(json.dumps({"test": test.id(), "outcome": outcome, "seconds": seconds, "text": text}) + "\n")
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.began[test.id()] = time.monotonic()
        self.write(test, "start")

    def addSuccess(self, test):
        self.write(test, "passed")

    def addError(self, test, err):
        self.write(test, "failed", self._exc_info_to_string(err, test))

    addFailure = addError

    def addSkip(self, test, reason):
        self.write(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self.write(test, "skipped", "fails as expected")

    def addUnexpectedSuccess(self, test):
        self.write(test, "failed", "passed, though marked as an expected failure")

    def addSubTest(self, test, subtest, err):
        """Only called where something failed or a subtest ended well; unittest then does not call addSuccess for the test."""
        if err is not None:
            self.write(test, "failed", f"{subtest}\n{self._exc_info_to_string(err, test)}")


def open_out_of_the_way(path, flags):
    """Under a high number: tests of descriptors that are handed over take 3 and the next for themselves."""
    low = os.open(path, flags, 0o666)
    high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(low)
    return high


def chosen(suite, names):
    """Those of the suite's tests. The name of a fixture that failed, "setUpClass (module.Class)", stands for all tests of its class."""
    wanted = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            wanted.addTest(chosen(test, names))
        elif test.id() in names or any(test.id().startswith(name.partition("(")[2].rstrip(")") + ".") for name in names):
            wanted.addTest(test)
    return wanted


def main(folder, results):
    signals.none_ignored()
    suite = unittest.defaultTestLoader.discover(folder)
    if names := os.environ.get("CRUMB_ONLY", "").splitlines():
        suite = chosen(suite, names)
    with open(results, "a", opener=open_out_of_the_way) as file:
        suite.run(Recorder(file))


if __name__ == "__main__":
    main(*sys.argv[1:])
