"""Tests with a real systemd, which runs as the first process of a pid namespace in a machine of its own (tests/vm/uml/with_systemd)."""

import pathlib
import shutil
import unittest

import test_vm

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = str(HERE / "guest_systemd")
SYSTEMD = pathlib.Path("/lib/systemd/systemd")


class MachineWithSystemd(test_vm.Machines):
    results = None
    count = 1
    prefix = [HERE / "uml/with_systemd"]


class UnderSystemd(test_vm.InGuest):
    machines = MachineWithSystemd
    names = []

    def outcome(self):
        if not SYSTEMD.exists() or not shutil.which("systemd-run"):
            self.skipTest("not installed: systemd")
        super().outcome()


def load_tests(loader, tests, pattern):
    test_vm.sys.path.insert(0, FOLDER)
    suite = unittest.TestLoader().discover(FOLDER, pattern="test_*.py", top_level_dir=FOLDER)
    UnderSystemd.names = test_vm.only_chosen(test_vm.names_in(suite))
    return unittest.TestSuite(map(UnderSystemd, UnderSystemd.names))


if __name__ == "__main__":
    unittest.main()
