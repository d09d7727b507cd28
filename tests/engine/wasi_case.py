"""What the tests of WASI's calls share: guests of named cases (tests/guests/wasi_case.h)."""

import subprocess

from engine_case import COMPILER, guest
from test_compiled import CompiledCase

WAYS = (None, 0) if COMPILER.exists() else (None,)  # interpreted and compiled: the calls are the same, what leads to them is not


class WasiCase(CompiledCase):
    """Each case runs in a new folder, which is all that its guest is given."""

    guest = None
    count = 0

    def new_folder(self):
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        return folder

    def begin(self, level, case, *, policy=(), **options):
        """The running guest."""
        folder = self.new_folder()
        options.setdefault("stdin", subprocess.DEVNULL)
        return self.start(self.guest, level, case, cwd=folder, options=[f"preopen=rw {folder}", *policy], **options)

    def prints(self, case, *lines, **options):
        """The case prints these lines and ends with 0, interpreted and compiled."""
        for level in WAYS:
            with self.subTest(compiled=level):
                process = self.begin(level, case, **options)
                out, err = process.communicate(timeout=60)
                self.assertEqual((out.splitlines(), err, process.returncode), (list(lines), "", 0))


def cases(name, engine):
    """The names of a guest's cases."""
    return sorted(subprocess.run([engine, guest(name)], stdout=subprocess.PIPE, text=True, check=True).stdout.split())
