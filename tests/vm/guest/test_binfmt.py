"""binfmt_misc for the whole machine, as root enables it (docs/ways-in.md): a runtime that knows nothing of WebAssembly; run by tests/vm,
since no test may change what the machine that it runs on takes for a program."""

import os
import pathlib
import shutil
import subprocess
import unittest

from support import BUSYBOX, REPOSITORY, RUNTIME, ContainerCase

MODULE = pathlib.Path("/usr/lib/uml/modules", os.uname().release, "kernel/fs/binfmt_misc.ko")
PLACE = pathlib.Path("/run/binfmt")
READ_ONLY = pathlib.Path("/run/crumb-wasm")
ENGINE = pathlib.Path(RUNTIME).resolve().with_name("crumb-wasm")
LINE = (REPOSITORY / "src/engine/crumb-wasm.conf.in").read_text().strip()


def run(*argv):
    subprocess.run(argv, check=True)


def enable(engine):
    (PLACE / "register").write_text(LINE.replace("@CMAKE_INSTALL_PREFIX@/@CMAKE_INSTALL_BINDIR@/crumb-wasm", str(engine)))


def disable():
    (PLACE / "crumb-wasm").write_text("-1")


@unittest.skipUnless(MODULE.exists() and shutil.which("runc"), "needs user-mode Linux's modules and runc")
class BinfmtCase(ContainerCase):
    runtime_program = shutil.which("runc")
    engine = READ_ONLY / "crumb-wasm"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not PLACE.exists():
            PLACE.mkdir()
            READ_ONLY.mkdir()
            run(BUSYBOX, "insmod", MODULE)
            run("mount", "-t", "binfmt_misc", "none", PLACE)
            run("mount", "--bind", ENGINE.parent, READ_ONLY)
            run("mount", "-o", "remount,bind,ro", READ_ONLY)
        enable(cls.engine)
        cls.addClassCleanup(disable)


class Modules(BinfmtCase):
    def test_a_module_is_a_program_for_runc(self):
        self.bundle.guest("args", "/app/args.wasm")
        self.assertEqual(self.run_container("/app/args.wasm", "a b").out, "/app/args.wasm\na b\n")

    def test_exit_codes_and_traps_are_the_guests(self):
        for guest, words, code in (("exitcode", ["42"], 42), ("trap", [], 134)):
            self.bundle.guest(guest, f"/app/{guest}.wasm")
            self.run_container(f"/app/{guest}.wasm", *words, code=code)

    def test_a_module_is_executed_beside_a_native_program(self):
        self.bundle.guest("hello", "/app/hello.wasm")
        self.running()
        self.assertEqual(self.inside("/app/hello.wasm; echo native"), "hello from wasm\nnative\n")

    def test_SIGTERM_ends_a_guest_that_is_process_1(self):
        self.bundle.guest("sleep", "/app/sleep.wasm")
        created = self.running("/app/sleep.wasm", "1000")
        self.until(lambda: "ready" in created.output(), "the guest does not start")
        self.kill("TERM")
        self.wait_status("stopped")


if __name__ == "__main__":
    unittest.main()
