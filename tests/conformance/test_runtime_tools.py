"""crumb fails no point of the runtime-tools' validation programs that runc or crun passes. Each test is one program."""

import subprocess
import unittest

import differences
import runtime_tools
import support


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.outcomes = runtime_tools.run_all()
        support.reap_orphans()

    def compare(self, program):
        complaint = differences.complaint_of_program(program, self.outcomes[program])
        if complaint:
            self.fail(complaint)


def add_test(program):
    setattr(Programs, f"test_{program}", lambda self: self.compare(program))


for name in runtime_tools.PROGRAMS:
    add_test(name)


class Names(unittest.TestCase):
    def test_every_program_of_the_module_is_run(self):
        runtime_tools.build()
        others = {"runtimetest", "done"}
        built = {path.name for path in runtime_tools.BUILT.iterdir() if not path.name.startswith("rootfs-")} - others
        self.assertEqual(built, set(runtime_tools.PROGRAMS))


class Alone(unittest.TestCase):
    def test_programs_of_two_runs_that_share_a_cgroup_do_not_meet(self):
        with runtime_tools.alone("linux_cgroups_pids"):
            other = subprocess.run(["flock", "--nonblock", runtime_tools.LOCK, "true"])
        self.assertEqual(other.returncode, 1)
        self.assertEqual(subprocess.run(["flock", "--nonblock", runtime_tools.LOCK, "true"]).returncode, 0)

    def test_others_wait_for_nobody(self):
        with runtime_tools.alone("linux_cgroups_pids"), runtime_tools.alone("hostname"):
            pass


class Tap(unittest.TestCase):
    """How the output of a program is read."""

    def read(self, output, code=0):
        outcome = runtime_tools.read_tap(output, code)
        return sorted(outcome.passed.elements()), sorted(outcome.failed.elements())

    def test_points_are_counted_by_their_description(self):
        output = "TAP version 13\nok 1 - a\nnot ok 2 - b\nok 3 - a\n  ---\n  { \"error\": \"not ok 4 - c\" }\n  ...\n1..3\n"
        self.assertEqual(self.read(output), (["a", "a", runtime_tools.WHOLE], ["b"]))

    def test_an_exit_code_is_a_failure(self):
        self.assertEqual(self.read("ok 1 - a\n1..1\n", 1), (["a"], [runtime_tools.WHOLE]))

    def test_an_error_is_a_failure_where_there_are_no_points(self):
        self.assertEqual(self.read('TAP version 13\n  ---\n  {\n    "error": "x"\n  }\n  ...\n1..0\n'), ([], [runtime_tools.WHOLE]))
        self.assertEqual(self.read("TAP version 13\n1..0\n"), ([runtime_tools.WHOLE], []))

    def test_what_a_peer_passes_and_crumb_does_not_is_missing(self):
        ours, theirs = (runtime_tools.read_tap(text, 0) for text in ("ok 1 - a\nnot ok 2 - b\n", "ok 1 - a\nok 2 - a\nok 3 - b\n"))
        self.assertEqual(sorted(ours.missing(theirs)), ["a", "b"])
        self.assertEqual(theirs.missing(ours), [])
