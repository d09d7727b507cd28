"""crumb --trace: where the time of a command goes."""

import json
import os
import re
import time
import unittest

from support import NAMESPACES, ContainerCase, only_crumb


@only_crumb("--trace")
class Trace(ContainerCase):
    def setUp(self):
        super().setUp()
        self.file = self.scratch / "trace.json"

    def trace(self, *arguments, options=(), code=0):
        """The spans of a command as (process, name, begin, end), microseconds, and the names of processes."""
        result = self.runtime(*arguments, options=("--trace", self.file, *options), code=code)
        return (*self.read(self.file), result)

    def read(self, path):
        events = json.loads(path.read_text())["traceEvents"]
        who = {event["pid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
        spans = [(who[event["pid"]], event["name"], event["ts"], event["ts"] + event["dur"]) for event in events if event["ph"] == "X"]
        return spans, set(who.values())

    def run_traced(self):
        self.process["args"] = ["/bin/true"]
        self.bundle.write()
        return self.trace("run", "--bundle", self.bundle.path, self.name)

    def test_a_run_has_spans_of_crumb_and_of_its_init(self):
        spans, who, _ = self.run_traced()
        self.assertEqual(who, {"crumb", "crumb-init"})
        names = {name for _, name, _, _ in spans}
        self.assertLessEqual({"crumb run", "read config.json", "compile the Plan", "spawn crumb-init", "make cgroups", "placed", "ready",
                              "wait for the program to run", "remove cgroups"}, names)
        self.assertIn('mount "proc" on "/proc"', names)

    def test_all_spans_lie_within_that_of_the_command(self):
        spans, _, _ = self.run_traced()
        begin, end = next((begin, end) for _, name, begin, end in spans if name == "crumb run")
        for who, name, begun, ended in spans:
            with self.subTest(span=name):
                self.assertLessEqual(begin, begun + 0.01)
                self.assertLessEqual(begun, ended)
                self.assertLessEqual(ended, end + 0.01)

    def test_the_steps_of_init_follow_each_other(self):
        steps = [(begin, end) for who, _, begin, end in self.run_traced()[0] if who == "crumb-init"]
        self.assertGreater(len(steps), 10)
        for (_, end), (begin, _) in zip(steps, steps[1:]):
            self.assertLessEqual(end, begin + 0.01)

    @unittest.skipUnless(os.path.exists("/proc/self/ns/time"), "this kernel has no time namespaces")
    def test_an_offset_of_a_time_namespace_does_not_move_the_steps(self):
        self.bundle.config["linux"]["namespaces"] = [{"type": kind} for kind in (*NAMESPACES, "time")]
        self.bundle.config["linux"]["timeOffsets"] = {"monotonic": {"secs": 1000000}}
        self.test_all_spans_lie_within_that_of_the_command()

    def test_its_times_begin_with_the_command(self):
        before = time.time_ns()
        self.run_traced()
        begun = json.loads(self.file.read_text())["otherData"]["begun"]
        self.assertTrue(before <= begun <= time.time_ns(), f"{before} {begun}")

    def test_exec_has_one_too(self):
        self.running("/bin/sleep", "1000")
        spans, who, _ = self.trace("exec", self.name, "/bin/true")
        self.assertEqual(who, {"crumb", "crumb-init"})
        self.assertIn("crumb exec", {name for _, name, _, _ in spans})

    def test_a_command_that_fails_leaves_its_trace(self):
        spans, who, result = self.trace("state", "nobody-is-called-this", code=1)
        self.assertEqual([name for _, name, _, _ in spans], ["crumb state"])

    def test_in_a_directory_each_command_has_a_file_of_its_own(self):
        self.file.mkdir()
        for arguments in (("list",), ("list",), ("features",)):
            self.runtime(*arguments, options=("--trace", self.file))
        names = sorted(re.sub(r"-[0-9]+\.json$", "", path.name) for path in self.file.iterdir())
        self.assertEqual(names, ["features", "list", "list"])

    def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_done(self):
        self.file = self.scratch / "missing" / "trace.json"
        result = self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--trace", self.file), code=1)
        self.assertIn(f"--trace {self.file}: No such file or directory", result.err)

    def test_the_program_inherits_nothing_of_it(self):
        self.process["args"] = ["/bin/ls", "-l", "/proc/self/fd"]
        self.bundle.write()
        out = self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--trace", self.file)).out
        self.assertNotIn("crumb-times", out)
