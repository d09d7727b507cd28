"""`crumb wasm inspect`: what it says of a file is what the engine does with it."""

import hashlib
import json
import unittest

from support import guests, only_crumb
from test_wasm_run import RunCase

ENDLESS = {"busy"}


@only_crumb("crumb wasm inspect")
class Inspect(RunCase):
    def inspect(self, *files, **popen):
        return json.loads(self.runtime("wasm", "inspect", "--format", "json", *files, **popen).out)

    def test_a_program_is_described(self):
        module = self.module("hello")
        (found,) = self.inspect(module)
        self.assertEqual((found["file"], found["kind"], found["role"], found["runs"]), (module, "module", "command", True))
        self.assertEqual(found["digest"], "sha256:" + hashlib.sha256((self.here / module).read_bytes()).hexdigest())
        self.assertEqual(found["size"], (self.here / module).stat().st_size)
        self.assertIn({"name": "_start", "kind": "function"}, found["exports"])
        self.assertIn({"module": "wasi_snapshot_preview1", "name": "fd_write", "kind": "function",
                       "type": "(i32, i32, i32, i32) -> i32", "provided": True}, found["imports"])
        self.assertEqual([memory["imported"] for memory in found["memories"]], [False])
        self.assertEqual(found["compiled"], [])

    def test_the_table_says_the_same(self):
        text = self.runtime("wasm", "inspect", self.module("hello"), self.module("reactor")).out
        self.assertIn('"hello.wasm"\n  kind       module, a command\n', text)
        self.assertIn('"wasi_snapshot_preview1"."fd_write" function (i32, i32, i32, i32) -> i32: provided\n', text)
        self.assertIn("  would run  yes\n\n\"reactor.wasm\"\n", text)
        self.assertTrue(text.endswith("  would run  no: it is a library (a reactor), not a program: it exports _initialize, but no _start\n"), text)

    def test_the_verdict_is_what_a_run_finds(self):
        for file in sorted(guests().glob("*.wasm")):
            if file.stem in ENDLESS or file.stem == "truncated":
                continue
            with self.subTest(module=file.stem):
                (found,) = self.inspect(file)
                result = self.runtime("wasm", "run", "--time-limit", "10s", file, code=None)
                self.assertEqual(found["runs"], result.code != 126, f"{found.get('obstacle')}: {result}")

    def test_a_missing_import_is_told_with_its_making(self):
        (found,) = self.inspect(self.module("unknownimport"))
        self.assertFalse(found["runs"])
        self.assertIn("the engine does not provide", found["obstacle"])
        self.assertIn(False, [one["provided"] for one in found["imports"]])

    def test_features_are_told(self):
        self.assertIn("memory64", self.inspect(self.module("memory64"))[0]["features"])
        self.assertIn("atomics", self.inspect(self.module("threads"))[0]["features"])

    def test_what_is_no_module_is_told(self):
        self.file("text", "#!/bin/sh\n")
        text, component, cut = self.inspect("text", self.module("component"), self.module("truncated"))
        self.assertEqual((text["kind"], text["runs"], text["obstacle"]), ("not WebAssembly", False, "not a WebAssembly module"))
        self.assertEqual((component["kind"], component["runs"]), ("component", False))
        self.assertIn("at offset 0x", cut["obstacle"])

    def test_compiled_code_is_told(self):
        cache = {"CRUMB_CODE_CACHE": str(self.new_path("cache"))}
        module = self.module("hello")
        if self.runtime("wasm", "compile", "--opt", "0", module, code=None, env=cache, timeout=120).code != 0:
            self.skipTest("crumb-aot is not built")
        self.assertEqual(self.inspect(module, env=cache)[0]["compiled"], [{"level": 0, "frames": False}])

    def test_mistakes_are_one_line(self):
        self.fails("wasm", "inspect", "none.wasm", words="wasm inspect: none.wasm: No such file or directory")
        self.fails("wasm", "inspect", ".", words="wasm inspect: .: not a regular file")
        self.fails("wasm", "inspect", "--format", "xml", self.module("hello"), words='"xml" is neither table nor json')


if __name__ == "__main__":
    unittest.main()
