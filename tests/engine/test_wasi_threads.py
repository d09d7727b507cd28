"""wasi-threads: what threads of a guest share, and how they wait for each other."""

import unittest

from test_compiled import CompiledCase
from wasi_case import WAYS


class Threads(CompiledCase):
    def test_threads_share_memory_lose_nothing_and_sleep_and_write_by_themselves(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.finish("workers", level), (0, 4 * "done\n", ""))

    def test_waiting_ends_by_another_value_by_the_time_and_by_a_notification(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.finish("waits", level), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
