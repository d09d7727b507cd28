"""Tests of CPython's own modules, in its own unittest, for the interpreter that is compiled to WASI."""

import decimal
import json
import os
import pathlib
import re
import sqlite3
import sys
import tempfile
import time
import unittest
import zlib


class Modules(unittest.TestCase):
    def test_json(self):
        value = {"a": [1, 2.5, None, True], "ü": {"nested": "\u20ac\n"}}
        self.assertEqual(json.loads(json.dumps(value)), value)
        with self.assertRaises(json.JSONDecodeError):
            json.loads('{"a": }')

    def test_re(self):
        self.assertEqual(re.findall(r"(?P<word>\b\w+)@(\d+)", "one@1, two@22"), [("one", "1"), ("two", "22")])
        self.assertIsNone(re.fullmatch(r"(a|aa)+b", "a" * 16))

    def test_zlib(self):
        data = b"".join(b"%d," % number for number in range(5000))
        packed = zlib.compress(data, 9)
        self.assertLess(len(packed), len(data) / 2)
        self.assertEqual(zlib.decompress(packed), data)
        self.assertEqual(zlib.crc32(b"crumb"), 0xF8532DB2)

    def test_decimal(self):
        with decimal.localcontext(decimal.Context(prec=50)):
            self.assertEqual(str(decimal.Decimal(2).sqrt()), "1.4142135623730950488016887242096980785696718753769")

    def test_sqlite3(self):
        database = sqlite3.connect(":memory:")
        database.execute("create table words (word text, count integer)")
        database.executemany("insert into words values (?, ?)", [("one", 1), ("two", 2), ("three", 3)])
        self.assertEqual(database.execute("select sum(count), max(word) from words where count > 1").fetchone(), (5, "two"))

    def test_a_database_in_a_file(self):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            path = os.path.join(folder, "database")
            with sqlite3.connect(path) as database:
                database.execute("pragma locking_mode = exclusive")
                database.execute("create table numbers as with recursive n(x) as (select 1 union all select x + 1 from n where x < 500) select x from n")
            database.close()
            database = sqlite3.connect(path)
            self.assertEqual(database.execute("select count(*), sum(x) from numbers").fetchone(), (500, 125250))
            database.close()


class System(unittest.TestCase):
    def test_files(self):
        with tempfile.TemporaryDirectory(dir=".") as name:
            folder = pathlib.Path(name)
            (folder / "a/b").mkdir(parents=True)
            (folder / "a/b/file").write_text("text")
            (folder / "link").symlink_to("a/b/file")
            os.utime(folder / "a/b/file", ns=(1000000001, 2000000002))
            self.assertEqual((folder / "link").read_text(), "text")
            self.assertEqual((folder / "a/b/file").stat().st_mtime_ns, 2000000002)
            self.assertEqual(sorted(path.name for path in folder.rglob("*")), ["a", "b", "file", "link"])
            (folder / "a/b/file").rename(folder / "moved")
            self.assertFalse((folder / "link").exists())

    def test_sleep(self):
        before = time.monotonic()
        time.sleep(0.01)
        self.assertGreaterEqual(time.monotonic() - before, 0.01)

    def test_recursion_ends_with_an_exception(self):
        def deeper():
            return deeper()

        with self.assertRaises(RecursionError):
            deeper()

    def test_memory_that_is_not_there_is_an_exception(self):
        with self.assertRaises(MemoryError):
            bytearray(1 << 30)  # the container's policy gives half of it


if __name__ == "__main__":
    print(sys.platform)
    unittest.main()
