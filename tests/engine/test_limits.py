"""Memory and stacks: a guest sees that there is no more, or traps; nothing crashes. Interpreted and compiled."""

import os
import resource
import unittest

from engine_case import SANITIZED
from test_compiled import CompiledCase
from test_policy import WAYS

MIB = 1 << 20


class Memory(CompiledCase):
    def grown(self, name, level, *options):
        code, out, err = self.finish(name, level, options=options)
        self.assertEqual((code, err), (0, ""))
        return int(out.split()[0])

    def test_of_a_limit_the_engines_share_is_left_out(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                got = self.grown("grow", level, f"memory-limit={64 * MIB}")
                self.assertGreaterEqual(got, 56)
                self.assertLess(got, 60)

    def test_the_smaller_of_limit_and_cap_counts(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertLess(self.grown("grow", level, f"memory-limit={64 * MIB}", "memory-pages=128"), 8)
                self.assertLess(self.grown("grow", level, f"memory-limit={12 * MIB}", "memory-pages=1024"), 8)

    def test_a_memory_that_threads_share_has_the_same_limit(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.finish("growshared", level, options=["memory-pages=640"]), (40, "", ""))

    def test_a_minimum_above_the_limit_is_refused_with_all_numbers(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, err = self.finish("bigmin", level, options=[f"memory-limit={14 * MIB}"])
                self.assertEqual(code, 126)
                self.assertRegex(err, "needs 64 MiB of memory at start, the limit is .*, what the engine leaves of the container's 14 MiB\n")

    def test_a_minimum_of_an_imported_memory_above_the_limit_is_refused(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, err = self.finish("bigshared", level, options=["memory-pages=160"])
                self.assertEqual(code, 126)
                self.assertIn("needs 64 MiB of memory at start, the limit is 10 MiB", err)

    @unittest.skipIf(SANITIZED, "the sanitizer needs more address space itself")
    def test_too_small_an_address_space_says_what_would_do(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, err = self.finish("hello", level, preexec_fn=limit)
                self.assertEqual(code, 126)
                self.assertIn("RLIMIT_AS is 1024 MiB: it needs 9 GiB, or none at all", err)


class StartSections(CompiledCase):
    def test_a_trap_in_a_start_section_is_a_trap(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, out, err = self.finish("starttrap", level)
                self.assertEqual((code, out), (134, ""))
                self.assertTrue(err.startswith("crumb: /guest.wasm: trap: unreachable\n"), err)


class Stacks(CompiledCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root to raise a limit")
    def test_recursion_without_end_is_a_trap_on_every_native_stack(self):
        for level in WAYS:
            for kib in (64, 128, 1024, 1 << 20):
                with self.subTest(compiled=level, kib=kib):
                    limit = lambda: resource.setrlimit(resource.RLIMIT_STACK, (kib << 10, kib << 10))
                    code, out, err = self.finish("recursion", level, preexec_fn=limit)
                    self.assertEqual((code, out), (134, ""), err)

    def test_recursion_without_end_is_a_trap_on_every_guest_stack(self):
        for size in (4096, 65536, 16 << 20):
            with self.subTest(size=size):
                code, out, err = self.finish("recursion", None, options=[f"stack={size}"])
                self.assertEqual((code, out), (134, ""), err)


if __name__ == "__main__":
    unittest.main()
