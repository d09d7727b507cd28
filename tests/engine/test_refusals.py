import os
import unittest

from engine_case import EngineCase, guest, guests


class Refusals(EngineCase):
    def refuse_bytes(self, content, words):
        path = self.folder / "module.wasm"
        path.write_bytes(content)
        self.refused(self.engine(path), words)

    def test_a_missing_file_is_not_found(self):
        self.refused(self.engine("/no/such.wasm"), "/no/such.wasm: no such file", code=127)

    def test_a_directory_is_refused(self):
        self.refused(self.engine(self.folder), "is a directory")

    def test_a_fifo_is_refused_at_once(self):
        path = self.folder / "fifo"
        os.mkfifo(path)
        self.refused(self.engine(path, timeout=2), "is a FIFO")

    def test_a_device_is_refused(self):
        self.refused(self.engine("/dev/zero", timeout=2), "is not a regular file")

    def test_an_empty_file_is_refused(self):
        self.refuse_bytes(b"", "is an empty file")

    def test_something_else_is_refused(self):
        self.refuse_bytes(b"#!/bin/sh\n", "is not a WebAssembly module")

    def test_text_is_refused_with_a_hint(self):
        self.refuse_bytes(b"(module)\n", "wat2wasm")

    def test_precompiled_code_is_refused(self):
        self.refuse_bytes(b"\0aot\6\0\0\0", "precompiled code")

    def test_a_component_is_refused_with_a_hint(self):
        self.refused(self.run_guest("component"), "component")

    def test_a_truncated_module_says_where_it_ends(self):
        self.refused(self.run_guest("truncated"), "is cut short: section")

    def test_every_truncation_is_refused(self):
        content = (guests() / "reactor.wasm").read_bytes()
        for size in range(len(content)):
            (self.folder / "module.wasm").write_bytes(content[:size])
            result = self.engine(self.folder / "module.wasm")
            self.assertEqual((result.returncode, result.stdout), (126, ""), f"{size} bytes")

    def test_every_flipped_byte_of_a_small_module_leaves_the_engine_whole(self):
        content = (guests() / "bigmin.wasm").read_bytes()
        for index in range(len(content)):
            changed = bytearray(content)
            changed[index] ^= 0xFF
            (self.folder / "module.wasm").write_bytes(changed)
            result = self.engine(self.folder / "module.wasm")
            self.assertIn(result.returncode, (0, 126, 134), f"byte {index}: {result.stderr}")

    def test_missing_imports_are_named(self):
        self.refused(self.run_guest("unknownimport"),
                     'import "env"."foo" (function), "env"."bar" (function) are not provided')

    def test_a_reactor_is_refused(self):
        self.refused(self.run_guest("reactor"), "it exports _initialize, but no _start")

    def test_64_bit_memory_is_refused(self):
        self.refused(self.run_guest("memory64"), "memory64")

    def test_a_tag_section_is_refused_with_a_hint(self):
        self.refuse_bytes(b"\0asm\1\0\0\0\x01\x04\x01\x60\0\0\x0d\x03\x01\0\0", "exceptions")

    def test_a_bad_option_is_refused(self):
        self.refused(self.engine("--stack", "lots", guest("hello")), "--stack")

    def test_no_module_is_refused(self):
        self.refused(self.engine(), "no module given")


if __name__ == "__main__":
    unittest.main()
