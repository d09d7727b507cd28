"""Real programs as the programs of containers, interpreted and compiled."""

import unittest

from program_case import GO, LUA_RUN, MEMORY, PYTHON, QUICKJS, SQLITE
from podman_case import PodmanCase  # noqa: F401  (the machine of the tests' own comes with it)
from support import ContainerCase

PATIENCE = 300  # seconds: of a busy machine


class Bundles(ContainerCase):
    def run_program(self, run, mode):
        self.bundle.file("/program.wasm", run.path.read_bytes())
        self.bundle.directory("/work", 0o777)
        for name, text in run.files.items():
            self.bundle.file(f"/work/{name}", text)
        self.process["cwd"] = "/work"
        self.process["env"] = ["COLOUR=green"]
        self.config["annotations"] = {"run.crumb.wasm.mode": mode, **MEMORY}
        result = self.run_container("/program.wasm", *run.args, code=run.code, timeout=PATIENCE)
        if run.out is not None:
            self.assertEqual(result.out, run.out)
        self.assertIn(run.err, result.err)

    def interpreted(self, run):
        self.run_program(run, "interpreter")

    def compiled(self, run):
        """In the mode that refuses to interpret."""
        self.runtime("wasm", "compile", "--opt", run.level, run.path, timeout=PATIENCE)
        self.run_program(run, "aot")

    def test_CPython_passes_tests_of_its_modules_interpreted(self):
        self.interpreted(PYTHON)

    def test_CPython_passes_tests_of_its_modules_compiled(self):
        self.compiled(PYTHON)

    def test_QuickJS_interpreted(self):
        self.interpreted(QUICKJS)

    def test_QuickJS_compiled(self):
        self.compiled(QUICKJS)

    def test_a_Go_program_interpreted(self):
        self.interpreted(GO)

    def test_a_Go_program_compiled(self):
        self.compiled(GO)

    def test_SQLite_interpreted(self):
        self.interpreted(SQLITE)

    def test_SQLite_compiled(self):
        self.compiled(SQLITE)

    def test_Lua_interpreted(self):
        self.interpreted(LUA_RUN)

    def test_Lua_compiled(self):
        self.compiled(LUA_RUN)


if __name__ == "__main__":
    unittest.main()
