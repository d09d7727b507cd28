"""What all tests of crumb-wasm share. CRUMB_WASM: the engine; CRUMB_AOT: the compiler (else beside the engine); CRUMB_GUESTS: a
folder with the built guests (else they are built)."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ENGINE = os.environ.get("CRUMB_WASM", "crumb-wasm")
COMPILER = pathlib.Path(os.environ.get("CRUMB_AOT") or pathlib.Path(shutil.which(ENGINE) or ENGINE).parent / "../libexec/crumb/crumb-aot")
CODE_OFFSET = 4096  # wire/code.h
LEVELS = (0, 3)
_guests = None


def engine_bytes():
    return pathlib.Path(shutil.which(ENGINE) or ENGINE).read_bytes()


# A build under AddressSanitizer is a dynamic program with a large address space.
STATIC = b"ld-linux" not in engine_bytes()[:4096]
SANITIZED = b"__asan_init" in engine_bytes()


def guests():
    global _guests
    if _guests is None:
        folder = os.environ.get("CRUMB_GUESTS") or tempfile.mkdtemp(prefix="crumb-guests-")
        subprocess.run([HERE.parent / "guests" / "build", folder], check=True)
        if "CRUMB_GUESTS" not in os.environ:
            unittest.addModuleCleanup(shutil.rmtree, folder, True)
            os.environ["CRUMB_GUESTS"] = folder
        _guests = pathlib.Path(folder).resolve()
    return _guests


def guest(name):
    return str(guests() / (name + ".wasm"))


def compile_module(module, *options):
    """crumb-aot on this file, as a finished process with the code as its stdout."""
    with open(module, "rb") as file:
        return subprocess.run([COMPILER, *map(str, options)], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)


needs_compiler = unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")


class EngineCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crumb-engine-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def engine(self, *arguments, **options):
        """Runs crumb-wasm and returns the finished process; output as text, stdin empty."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [options.pop("engine", ENGINE), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=options.pop("timeout", 20), **options,
        )

    def run_guest(self, name, *arguments, **options):
        return self.engine(guest(name), *arguments, **options)

    def refused(self, result, words, code=126):
        """One line on stderr that holds these words, nothing on stdout."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(words, result.stderr)
