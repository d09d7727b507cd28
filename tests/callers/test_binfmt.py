"""crumb-wasm as the kernel's interpreter of modules: podman with runc, which knows nothing of WebAssembly. An ordinary user's namespace
has a binfmt_misc of its own since Linux 6.7; the machine's is not touched."""

import pathlib
import shutil
import subprocess
import unittest

from machine import REPOSITORY
from support import IS_CRUMB, RUNTIME
from test_podman_rootless import RootlessCase, as_user

LINE = (REPOSITORY / "src/engine/crumb-wasm.conf.in").read_text().strip()
ENGINE = pathlib.Path(RUNTIME).with_name("crumb-wasm")
ENABLE = 'mkdir -p "$HOME/binfmt" && mount -t binfmt_misc none "$HOME/binfmt" && printf %s "$1" > "$HOME/binfmt/register"'


def enable(environment):
    """In the namespace of the user's podman, which its containers are in. False: this kernel cannot."""
    line = LINE.replace("@CMAKE_INSTALL_PREFIX@/@CMAKE_INSTALL_BINDIR@/crumb-wasm", str(ENGINE))
    done = subprocess.run(as_user("podman", "unshare", "sh", "-c", ENABLE, "sh", line), env=environment, cwd="/", stderr=subprocess.PIPE)
    return done.returncode == 0


@unittest.skipUnless(IS_CRUMB, "the engine is crumb's own")
@unittest.skipUnless(shutil.which("runc"), "runc is not installed")
class Runc(RootlessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not enable(cls.environment):
            raise unittest.SkipTest("this kernel has no binfmt_misc for user namespaces")
        cls.addClassCleanup(subprocess.run, as_user("podman", "unshare", "sh", "-c", 'umount "$HOME/binfmt"'), env=cls.environment, cwd="/")

    def with_runc(self, guest, *args, **options):
        self.made_containers = True
        line = self.run_line("wasm", *args, flags=["--entrypoint", f"/{guest}.wasm", *options.pop("flags", ())])
        return self.podman("--runtime", shutil.which("runc"), *line, **options)

    def test_an_image_of_modules_runs_unchanged(self):
        result = self.with_runc("hello")
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))

    def test_exit_codes_and_traps_are_the_guests(self):
        self.with_runc("exitcode", "42", code=42)
        self.assertIn("unreachable", self.with_runc("trap", code=134).err)

    def test_without_it_runc_cannot_run_one(self):
        self.switch(0)
        self.addCleanup(self.switch, 1)
        self.assertNotEqual(self.with_runc("hello", code=None).code, 0)

    def switch(self, on):
        self.command(*as_user("podman", "unshare", "sh", "-c", f'echo {on} > "$HOME/binfmt/crumb-wasm"'), cwd="/")


if __name__ == "__main__":
    unittest.main()
