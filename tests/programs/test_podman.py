"""Real programs as images that hold nothing else, under podman, interpreted and compiled."""

import shutil
import unittest

from program_case import GO, LUA_RUN, MEMORY, PROGRAMS, PYTHON, QUICKJS, SQLITE
from podman_case import FOLDER, Podman, PodmanCase, once
from support import RUNTIME

PATIENCE = 300  # seconds: of a busy machine


@once
def installation():
    """Its runtime finds the cache of the tests': podman hands no variable of ours on."""
    podman = Podman(FOLDER / "programs", "/run/programs")
    wrapper = FOLDER / "runtime"
    wrapper.write_text(f'#!/bin/sh\nexport CRUMB_CODE_CACHE="{PROGRAMS}/cache"\nexec "{RUNTIME}" "$@"\n')
    wrapper.chmod(0o755)
    settings = podman.folder / "containers.conf"
    settings.write_text(settings.read_text().replace(f'["{RUNTIME}"]', f'["{wrapper}"]'))
    return podman


class Images(PodmanCase):
    @classmethod
    def setUpClass(cls):
        cls.environment = installation().environment

    def image(self, run):
        context = self.scratch / "context"
        context.mkdir()
        shutil.copy(run.path, context / "program.wasm")
        work = context / "work"
        work.mkdir()
        for name, text in run.files.items():
            (work / name).write_text(text)
        (context / "Containerfile").write_text(
            'FROM scratch\nCOPY program.wasm /program.wasm\nCOPY work /work\nWORKDIR /work\nENV COLOUR=green\nENTRYPOINT ["/program.wasm"]\n')
        self.podman("build", "--quiet", "--isolation", "chroot", "--tag", run.program, context, timeout=PATIENCE)

    def run_program(self, run):
        self.image(run)
        self.command(RUNTIME, "wasm", "compile", "--opt", run.level, run.path, timeout=PATIENCE)
        for mode in ("interpreter", "aot"):
            with self.subTest(mode=mode):
                annotations = {"run.crumb.wasm.mode": mode, **MEMORY}
                flags = [word for key, value in annotations.items() for word in ("--annotation", f"{key}={value}")]
                result = self.ran(*run.args, image=run.program, flags=flags, code=run.code, timeout=PATIENCE)
                if run.out is not None:
                    self.assertEqual(result.out, run.out)
                self.assertIn(run.err, result.err)

    def test_CPython(self):
        self.run_program(PYTHON)

    def test_QuickJS(self):
        self.run_program(QUICKJS)

    def test_a_Go_program(self):
        self.run_program(GO)

    def test_SQLite(self):
        self.run_program(SQLITE)

    def test_Lua(self):
        self.run_program(LUA_RUN)


if __name__ == "__main__":
    unittest.main()
