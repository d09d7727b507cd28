"""Modules that are wrong on purpose (mutations.py): each is refused in one line, or runs and ends as a program does.

What they have found: patches 0006 and 0007 (docs/engine.md)."""

import collections
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import unittest

from engine_case import CODE_OFFSET, COMPILER, SANITIZED, EngineCase, guest, needs_compiler
from mutations import Raw, Vector, encode, leb, mutants, parse, walk
from test_compiled import REFUSES, under_crumb

PATIENCE = 60  # seconds: what neither the engine nor the compiler takes for a small module, on a busy machine and under the sanitizer
OWN_TIME = 1  # seconds that a guest has before it is asked to end
REFUSED, TRAPPED, ASKED = 126, 134, 128 + signal.SIGTERM
# Guest: how many are made of it. Small ones are changed where it matters; of a C program's most changes are to its library.
SEEDS = {"everything": 200, "hello": 40, "spawn": 20, "threadtrap": 20, "growshared": 20, "startsection": 10, "unknownimport": 20}
COMPILED = {"everything": 100, "hello": 10}
INTERPRETERS_LIMIT = b"fast interpreter offset overflow"  # docs/engine.md
NOTHING = ["preopen=none", "network=none", "threads=4", "memory-pages=1024"]
READABLE = r"[^\x00-\x1f\x7f]{1,1000}"
LINE = rf"crumb: /guest\.wasm: {READABLE}\n"


def changed(seeds):
    """What was changed, and the module."""
    for name, count in seeds.items():
        content = pathlib.Path(guest(name)).read_bytes()
        for number, (change, module) in enumerate(mutants(content, name, count)):
            yield f"{name} {number}: {change}", module


class MutantCase(EngineCase):
    def setUp(self):
        super().setUp()
        self.module = self.folder / "module.wasm"

    def run_module(self, content, code=None, time=OWN_TIME):
        """How it ended (None: it had to be asked), standard output and standard error."""
        self.module.write_bytes(content)
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as report, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = under_crumb(self.module, code, [], NOTHING, report=writer, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.folder)
            os.close(writer)
            try:
                self.assertTrue(select.select([report], [], [], PATIENCE)[0], "it is still being loaded")
                end = self.end_of(process, time)
            finally:
                process.kill()
                process.wait()
            return end, *(file.seek(0) or file.read() for file in (out, err))

    def end_of(self, process, time):
        try:
            return process.wait(time)
        except subprocess.TimeoutExpired:
            process.terminate()
        end = process.wait(PATIENCE)
        return None if end == ASKED else end


class Interpreted(MutantCase):
    def check(self, end, err):
        text = err.decode(errors="surrogateescape")
        self.assertNotRegex(text, "Sanitizer|runtime error")
        if end is None:
            return
        self.assertTrue(0 <= end < 128 or end == TRAPPED, f"{end}: {text}")
        if end == REFUSED:
            self.assertRegex(text, rf"\A{LINE}\Z")
        if end == TRAPPED:
            self.assertRegex(text, rf"\A{LINE}(  #\d\d {READABLE}\n)*(  \.\.\.\n)?\Z")

    def test_a_module_in_which_nothing_is_changed_is_the_same(self):
        for name in SEEDS.keys() - {"startsection"}:  # which does not end
            with self.subTest(guest=name):
                content = pathlib.Path(guest(name)).read_bytes()
                self.assertEqual(*(self.run_module(module, time=PATIENCE)[:2] for module in (encode(parse(content)), content)))

    def test_each_is_refused_in_one_line_or_runs_and_ends(self):
        ends = collections.Counter()
        for change, module in changed(SEEDS):
            with self.subTest(change):
                end, _, err = self.run_module(module)
                ends[end] += 1
                self.check(end, err)
        for end in (0, REFUSED, TRAPPED):  # else they are of little use
            self.assertGreater(ends[end], 10, ends)


class Locals(EngineCase):
    def test_more_than_there_may_be_are_refused_before_there_is_memory_for_them(self):
        """Seen to fail without patch 0006: it takes 4 GiB, and says "local count too large"."""
        nodes = parse(pathlib.Path(guest("everything")).read_bytes())
        groups = next(node for node in walk(nodes) if isinstance(node, Vector) and node.role == "groups of locals")
        groups.items.append([Raw(leb((1 << 32) - 1) + b"\x7f")])
        (self.folder / "module.wasm").write_bytes(encode(nodes))
        self.refused(self.engine(self.folder / "module.wasm"), "too many locals in function 2, ")


@needs_compiler
@unittest.skipIf(SANITIZED, "the sanitizer sees nothing of compiled code")
class Compiled(MutantCase):
    def compile(self, level):
        """What crumb-aot makes of the module; None: it refuses, in one line. It leaves nothing."""
        before = set(os.listdir(self.folder))
        with open(self.module, "rb") as module, tempfile.TemporaryFile() as code:
            done = subprocess.run([COMPILER, "--opt", str(level), "--seconds", str(PATIENCE // 2)], stdin=module, stdout=code, stderr=subprocess.PIPE, cwd=self.folder, timeout=PATIENCE)
            self.assertEqual(set(os.listdir(self.folder)), before)
            if done.returncode == 0:
                self.assertEqual(done.stderr, b"")
                return code.seek(0) or code.read()
        self.assertEqual(done.returncode, REFUSES, done.stderr)
        self.assertRegex(done.stderr.decode(errors="surrogateescape"), rf"\Acrumb-aot: {READABLE}\n\Z")
        return None

    def test_each_ends_as_it_does_interpreted_or_is_refused_in_one_line(self):
        same = 0
        for number, (change, module) in enumerate(changed(COMPILED)):
            with self.subTest(change):
                interpreted = self.run_module(module)
                code = self.compile(3 if number % 10 == 0 else 0)
                if code is None:
                    self.assertIn(interpreted[0], (REFUSED, None))
                    continue
                compiled = self.run_module(module, bytes(CODE_OFFSET) + code)
                if None not in (compiled[0], interpreted[0]) and INTERPRETERS_LIMIT not in interpreted[2]:
                    self.assertEqual(compiled[:2], interpreted[:2], (compiled[2], interpreted[2]))
                    same += compiled[0] != REFUSED
        self.assertGreater(same, 20)


if __name__ == "__main__":
    unittest.main()
