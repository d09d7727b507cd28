"""Jobs that compile in the background, on cgroup version 2: run by tests/vm."""

import os
import pathlib
import unittest

from test_delegated import CGROUPS, DelegatedCase
from test_wasm_compile import Detached, JobCase, Jobs


class OnVersion2(JobCase):
    left = Detached.left
    test_a_job_that_is_killed_leaves_nothing = Detached.test_a_job_that_is_killed_leaves_nothing
    test_what_is_left_when_all_of_it_is_killed_at_once_goes_with_prune = Detached.test_what_is_left_when_all_of_it_is_killed_at_once_goes_with_prune

    def test_it_has_a_cgroup_of_its_own_with_a_limit_and_little_weight(self):
        jobs, compiler = self.hanging_job()
        (line,) = pathlib.Path(f"/proc/{compiler}/cgroup").read_text().splitlines()
        name = line.removeprefix("0::/")
        self.assertIn(name, [f"crumb-compile-{pid}" for pid in jobs])
        self.assertEqual((CGROUPS / name / "cpu.weight").read_text(), "10\n")
        self.assertEqual(int((CGROUPS / name / "memory.max").read_text()), max(512 << 20, self.memory() // 2 // 4096 * 4096))
        self.end_jobs()
        self.assertFalse((CGROUPS / name).exists())

    @staticmethod
    def memory():
        """Of the machine, bytes."""
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def test_a_small_module_is_compiled(self):
        self.annotate(compile="background")
        self.bundle.guest("everything", "/app/everything.wasm")
        self.run_container("/app/everything.wasm", code=42)
        self.assertEqual(len(self.compiled()), 1)
        self.assertEqual(list(CGROUPS.glob("crumb-compile-*")), [])


class OfAnOrdinaryUser(Jobs, DelegatedCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / ".cache/crumb/aot"
        self.addCleanup(self.end_jobs)

    def test_its_cgroup_lies_beside_the_session_where_the_user_may_make_some(self):
        self.annotate(compile="background")
        self.bundle.guest("hello", "/hello.wasm")
        self.hanging_crumb()
        self.give_away()
        self.run_container("/hello.wasm")
        compiler = self.until(self.compiler, "the compiler does not start", seconds=60)
        (line,) = pathlib.Path(f"/proc/{compiler}/cgroup").read_text().splitlines()
        self.assertRegex(line, rf"\A0::/{self.parent.name}/crumb-compile-\d+\Z")
        self.assertNotEqual((CGROUPS / line.removeprefix("0::/") / "memory.max").read_text(), "max\n")
        self.end_jobs()
        self.assertEqual([path.name for path in self.parent.iterdir() if path.is_dir()], ["session"])


if __name__ == "__main__":
    unittest.main()
