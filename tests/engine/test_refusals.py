import os
import unittest

from engine_case import EngineCase, guest, guests
from mutations import leb


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
        self.refused(self.run_guest("truncated"), "is cut short: section ")

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

    def refuse_import(self, module, name, words):
        text = lambda value: leb(len(value)) + value.encode()
        section = b"\1" + text(module) + text(name) + b"\0\0"
        self.refuse_bytes(b"\0asm\1\0\0\0\1\4\1\x60\0\0\2" + leb(len(section)) + section, words)

    def test_names_that_would_act_on_a_terminal_or_fill_it_are_shown_harmless_and_short(self):
        self.refuse_import("\x1b[2J\n\x7f", "name", '"\\x1b[2J \\x7f"."name" (function) is not provided')
        self.refuse_import("long", "x" * 100, "x" * 100)
        self.refuse_import("long", "x" * 10000, "xxx...")
        self.assertLess(len(self.engine(self.folder / "module.wasm").stderr), 1200)

    def test_modules_that_were_built_for_JavaScript_are_told_what_to_build_instead(self):
        for module, name, words in (
            ("env", "emscripten_resize_heap", "built by Emscripten for JavaScript: link it with -sSTANDALONE_WASM"),
            ("env", "__syscall_openat", "Emscripten"),
            ("a", "b", "Emscripten"),
            ("wbg", "__wbg_log_1", "built by wasm-bindgen for JavaScript: build a program for the target wasm32-wasip1"),
            ("__wbindgen_placeholder__", "__wbindgen_describe", "wasm-bindgen"),
            ("./app_bg.js", "__wbindgen_throw", "wasm-bindgen"),
            ("gojs", "runtime.wasmExit", "built by Go for JavaScript: build it with GOOS=wasip1 GOARCH=wasm"),
            ("go", "debug", "GOOS=wasip1"),
            ("env", "abort", "built by AssemblyScript for JavaScript"),
            ("rb-js-abi-host", "eval-js", "built by ruby.wasm for JavaScript"),
        ):
            with self.subTest(module=module, name=name):
                self.refuse_import(module, name, words)
                self.refuse_import(module, name, f'"{module}"."{name}" (function) is not provided')

    def test_modules_that_were_built_for_other_systems_are_told_what_to_build_instead(self):
        for module, name, words in (
            ("wasi:cli/environment@0.2.0", "get-arguments", "to become part of a component (WASI preview 2)"),
            ("wasix_32v1", "thread_spawn_v2", "built for WASIX"),
            ("wasi_ephemeral_nn", "load", "wasi-nn is not supported"),
        ):
            with self.subTest(module=module, name=name):
                self.refuse_import(module, name, words)

    def test_code_that_is_not_valid_is_named_with_its_function_and_offset(self):
        body = lambda code: bytes([len(code) + 2]) + b"\0" + code + b"\x0b"
        bodies = body(b"") + body(b"\1") + body(b"\x6a") + body(b"")  # the third adds what is not there
        module = b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\5\4\0\0\0\0\x0a" + bytes([len(bodies) + 1]) + b"\4" + bodies
        offset = len(module) - len(body(b"")) - len(body(b"\x6a"))
        self.refuse_bytes(module, f"in function 2, whose code begins at {offset:#x}\n")

    def test_garbage_collection_is_refused_with_a_hint(self):
        for types in (b"\x5f\0", b"\x5e\x7f\0", b"\x50\0\x5f\0", b"\x4e\1\x5f\0", b"\x60\1\x64\0\0"):
            with self.subTest(types=types):
                section = b"\1" + types
                self.refuse_bytes(b"\0asm\1\0\0\0\1" + bytes([len(section)]) + section, "garbage collection")

    def test_an_imported_tag_is_refused_with_a_hint(self):
        section = b"\1\3env\3tag\4\0\0"
        self.refuse_bytes(b"\0asm\1\0\0\0\1\4\1\x60\0\0\2" + bytes([len(section)]) + section, "exceptions")

    def test_a_section_that_is_cut_short_is_named_with_its_offset(self):
        self.refuse_bytes(b"\0asm\1\0\0\0\1\4\1\x60\0\0\x0a\x20", "section 10 at offset 0xe has 32 bytes, the file 0 more")

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
