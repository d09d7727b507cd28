"""tests/run and tests/report.py: no result may get lost."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import textwrap
import time
import unittest
import unittest.mock

from repository import TOP, run


def load_runner():
    loader = importlib.machinery.SourceFileLoader("runner", str(TOP / "tests/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
    sys.path.insert(0, str(TOP / "tests"))  # as for a script that is run
    sys.modules["runner"] = module  # dataclasses look there
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


runner = load_runner()


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class Unittests(Folder):
    def outcomes(self, text, ending=None):
        """The tests of a module with this text, as tests/run sees them: name -> Test."""
        (self.folder / "test_it.py").write_text("import os, unittest\n" + textwrap.dedent(text))
        results = self.folder / "results"
        done = run(sys.executable, TOP / "tests/report.py", self.folder, results)
        ending = None if done.returncode in (0, 1) else f"ended with exit code {done.returncode}"
        return {test.name: test for test in runner.read_report(results, ending, done.stdout + done.stderr)}

    def test_passed_failed_and_skipped_tests_are_told_apart(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.assertEqual(1, 2)
                def test_broken(self): raise OSError("no disk")
                def test_not_here(self): self.skipTest("no moon")
        """)
        self.assertEqual({name.split(".")[-1]: test.outcome for name, test in tests.items()},
                         {"test_good": "passed", "test_bad": "failed", "test_broken": "failed", "test_not_here": "skipped"})
        self.assertIn("no disk", tests["test_it.A.test_broken"].text)
        self.assertEqual(tests["test_it.A.test_not_here"].text, "no moon")

    def test_a_run_that_ends_early_without_a_word_fails_the_test_it_was_at(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                def test_a(self): pass
                def test_b(self): os._exit(0)
        """)
        self.assertEqual([test.outcome for test in tests.values()], ["passed", "failed"])

    def test_a_failed_subtest_fails_its_test(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                def test_all(self):
                    for n in (1, 2, 3):
                        with self.subTest(n=n): self.assertNotEqual(n, 2)
        """)
        self.assertEqual(tests["test_it.A.test_all"].outcome, "failed")
        self.assertIn("n=2", tests["test_it.A.test_all"].text)

    def test_a_failed_clean_up_fails_its_test(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                def test_it(self): self.addCleanup(self.fail, "left over")
        """)
        self.assertEqual(tests["test_it.A.test_it"].outcome, "failed")

    def test_a_module_that_cannot_be_imported_is_a_failure(self):
        self.assertEqual([test.outcome for test in self.outcomes("import nothing_of_that_name").values()], ["failed"])

    def test_a_failing_class_fixture_is_a_failure(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise OSError("no")
                def test_it(self): pass
        """)
        self.assertEqual([test.outcome for test in tests.values()], ["failed"])

    def test_a_test_that_ends_the_process_is_a_failure_and_the_ones_before_it_count(self):
        tests = self.outcomes("""
            class A(unittest.TestCase):
                def test_1(self): pass
                def test_2(self): os._exit(3)
                def test_3(self): pass
        """)
        self.assertEqual({name.split(".")[-1]: test.outcome for name, test in tests.items()},
                         {"test_1": "passed", "test_2": "failed"})

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual([test.outcome for test in self.outcomes("").values()], ["failed"])


class GoogleTests(Folder):
    def read(self, report, ending=None, output=""):
        results = self.folder / "results"
        if report is not None:
            results.write_text(json.dumps({"testsuites": [{"name": "A", "testsuite": report}]}))
        return [(test.name, test.outcome) for test in runner.read_googletest(results, ending, output)]

    def test_passed_failed_skipped_and_disabled_tests_are_told_apart(self):
        self.assertEqual(
            self.read([
                {"name": "good", "status": "RUN", "result": "COMPLETED", "time": "0s"},
                {"name": "bad", "status": "RUN", "result": "COMPLETED", "time": "0.1s", "failures": [{"failure": "1 != 2"}]},
                {"name": "not_here", "status": "RUN", "result": "SKIPPED", "time": "0s"},
                {"name": "off", "status": "NOTRUN", "result": "SUPPRESSED", "time": "0s"},
            ]),
            [("A.good", "passed"), ("A.bad", "failed"), ("A.not_here", "skipped"), ("A.off", "skipped")])

    def test_a_crash_is_a_failure_of_the_test_that_ran(self):
        output = "[ RUN      ] A.good\n[       OK ] A.good (0 ms)\n[ RUN      ] A.crash\n"
        self.assertEqual(self.read(None, "ended with signal 11", output), [("A.crash", "failed")])

    def test_a_leak_found_after_the_last_test_is_a_failure(self):
        good = [{"name": "good", "status": "RUN", "result": "COMPLETED", "time": "0s"}]
        self.assertIn(("(end)", "failed"), self.read(good, "ended with exit code 23"))

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(self.read([]), [("(all)", "failed")])


class Attempts(Folder):
    """tests/run with a group of this folder's own."""

    def group(self, text):
        (self.folder / "test_it.py").write_text("import os, pathlib, unittest\nHERE = pathlib.Path(__file__).parent\n" + textwrap.dedent(text))
        return runner.Group("it", folder=self.folder)

    def outcomes(self, tests):
        return {test.name.partition(".")[2]: test.outcome for _, test in tests}

    def attempts(self, text):
        """The outcomes after the first attempt and after the second, and who passed at the second only."""
        group = self.group(text)
        with contextlib.redirect_stdout(io.StringIO()):
            tests = runner.run_groups([group], {}, False)
        first = self.outcomes(tests)
        second = runner.try_again([group], tests, {})
        return first, self.outcomes(tests), [test.name.partition(".")[2] for _, test in second]

    UPSET_ONCE = """
        def upset_once():
            if not (HERE / "upset").exists():
                (HERE / "upset").touch()
                raise OSError("busy")
    """

    def test_a_test_that_passes_at_its_second_attempt_counts_as_passed_and_is_named(self):
        first, last, second = self.attempts(self.UPSET_ONCE + """
        class A(unittest.TestCase):
            def test_a(self): upset_once()
            def test_b(self): (HERE / "b").open("x")
        """)
        self.assertEqual(first, {"A.test_a": "failed", "A.test_b": "passed"})
        self.assertEqual((last, second), ({"A.test_a": "passed", "A.test_b": "passed"}, ["A.test_a"]))

    def test_a_test_that_fails_twice_has_failed(self):
        first, last, second = self.attempts("""
        class A(unittest.TestCase):
            def test_a(self): self.fail()
        """)
        self.assertEqual((last, second), ({"A.test_a": "failed"}, []))

    def test_the_tests_of_a_class_whose_fixture_failed_run_at_the_second_attempt(self):
        first, last, second = self.attempts(self.UPSET_ONCE + """
        class A(unittest.TestCase):
            @classmethod
            def setUpClass(cls): upset_once()
            def test_a(self): pass
            def test_b(self): pass
        """)
        self.assertEqual(list(first.values()), ["failed"])
        self.assertEqual(last, {"A.test_a": "passed", "A.test_b": "passed"})
        self.assertEqual(len(second), 1)

    def test_there_is_no_second_attempt_where_many_tests_fail(self):
        tests = "".join(f"    def test_{n}(self): (HERE / '{n}').mkdir(); self.fail()\n" for n in range(runner.FEW + 1))
        first, last, second = self.attempts("class A(unittest.TestCase):\n" + tests)
        self.assertEqual((last, second), (first, []))

    def test_groups_run_at_the_same_time(self):
        text = """
        import time
        class A(unittest.TestCase):
            def test_it(self):
                (HERE.parent / HERE.name).with_suffix(".met").touch()
                end = time.monotonic() + 60
                while not all(map(os.path.exists, %r)):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.01)
        """
        folders = [self.folder / name for name in "ab"]
        groups = []
        for folder in folders:
            folder.mkdir()
            (folder / "test_it.py").write_text("import os, pathlib, unittest\nHERE = pathlib.Path(__file__).parent\n" +
                                               textwrap.dedent(text % [str(one.with_suffix(".met")) for one in folders]))
            groups.append(runner.Group(folder.name, folder=folder))
        with contextlib.redirect_stdout(io.StringIO()):
            tests = runner.run_groups(groups, {}, False)
        self.assertEqual({group: test.outcome for group, test in tests}, {"a": "passed", "b": "passed"})


class Builds(Folder):
    """tests/run with builds of a test's own: the group "first" needs one, the group "last" all."""

    BUILDS = ("quick", "slow")

    def run_groups(self, build, text="pass"):
        groups = []
        for name, builds in (("last", self.BUILDS), ("first", self.BUILDS[:1])):
            (self.folder / name).mkdir()
            (self.folder / name / "test_it.py").write_text("import pathlib, time, unittest\nHERE = pathlib.Path(__file__).parent\n"
                "class A(unittest.TestCase):\n    def test_it(self): HERE.with_suffix('.begun').touch(); " + text)
            groups.append(runner.Group(name, builds, folder=self.folder / name))
        with (contextlib.redirect_stdout(io.StringIO()), unittest.mock.patch.object(runner, "BUILDS", self.BUILDS),
              unittest.mock.patch.object(runner, "build", build)):
            return [(group, test.outcome) for group, test in runner.run_groups(groups, {}, False)]

    def begun(self, group):
        return (self.folder / group).with_suffix(".begun").exists()

    def await_first(self):
        end = time.monotonic() + 60
        while not self.begun("first"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_a_group_runs_while_what_others_need_is_built(self):
        built = []

        def build(name, beside_tests):
            if name == "slow":
                self.await_first()
            built.append((name, beside_tests, self.begun("last")))

        self.assertEqual(self.run_groups(build), [("last", "passed"), ("first", "passed")])
        self.assertEqual(built, [("quick", False, False), ("slow", True, False)])

    def test_a_build_that_fails_ends_the_groups_that_run(self):
        def build(name, beside_tests):
            if name == "slow":
                self.await_first()
                raise runner.BuildFailed("no compiler")

        with self.assertRaisesRegex(runner.BuildFailed, "no compiler"):
            self.run_groups(build, "time.sleep(600)")
        self.assertFalse(self.begun("last"))


class Skips(unittest.TestCase):
    def test_a_skip_counts_as_expected_only_where_a_pattern_matches_group_test_and_reason(self):
        skip = [("vm", runner.Test("A.b", "skipped", "no  moon"))]
        self.assertEqual(runner.unexpected_skips(skip, ["vm A.b: no moon"]), [])
        self.assertEqual(runner.unexpected_skips(skip, ["vm *: no *"]), [])
        self.assertEqual(runner.unexpected_skips(skip, ["engine *"]), skip)
        self.assertEqual(runner.unexpected_skips(skip, []), skip)

    def test_what_did_not_skip_needs_no_pattern(self):
        self.assertEqual(runner.unexpected_skips([("vm", runner.Test("A.b", "passed"))], []), [])


class Output(unittest.TestCase):
    def shown(self, function, *tests):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            function(tests)
        return out.getvalue()

    def test_the_last_lines_name_what_failed(self):
        shown = self.shown(runner.show_failures, ("vm", runner.Test("A.b", "failed", "long " * 9000 + "end")), ("vm", runner.Test("A.c", "failed")))
        self.assertEqual(shown.splitlines()[-2:], ["failed: vm A.b", "failed: vm A.c"])
        self.assertIn("long end\n", shown)
        self.assertLess(len(shown), 9000)

    def test_what_failed_on_another_runtime_is_one_line(self):
        shown = self.shown(runner.show_peers, ("integration-runc", runner.Test("A.b", "failed", "Traceback\nwhy\n")))
        self.assertEqual(shown.splitlines()[2:], ["  integration-runc: A.b: why"])


class Groups(unittest.TestCase):
    def test_a_group_without_tests_is_a_failure(self):
        group = runner.Group("none", folder="of-that-name")
        self.assertEqual([test.outcome for test in runner.run_group(group, {})], ["failed"])

    def test_a_program_that_was_not_built_is_a_failure(self):
        group = runner.Group("none", program=TOP / "no/such/program")
        self.assertEqual([test.outcome for test in runner.run_group(group, {})], ["failed"])

    def test_a_group_whose_compiler_cannot_be_had_is_skipped_with_the_reason(self):
        group = runner.Group("builds", ("release", "release-musl"), folder="builds")
        self.assertEqual(runner.run_group(group, {"release-musl": "no network"}), [runner.Test("(all)", "skipped", "no network")])

    def test_an_unknown_group_is_refused(self):
        result = run(TOP / "tests/run", "none-of-that-name")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no such group", result.stderr)


if __name__ == "__main__":
    unittest.main()
