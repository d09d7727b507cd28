"""What is left of the engine's rights while a guest runs. tests/security/test_wall.py has the attacker."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from engine_case import SANITIZED, STATIC, guest
from test_compiled import CompiledCase
from test_policy import WAYS


class Wall(CompiledCase):
    def running(self, level, *options):
        process = self.start("sleep", level, "60", options=options)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def status(self, process):
        return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())

    def test_a_guest_runs_behind_a_filter_and_gains_no_privileges(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                status = self.status(self.running(level))
                self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))

    def test_capabilities_are_those_that_the_policy_has_a_use_for(self):
        for options, most in ((["network=listen"], 0b1110), (["network=all"], 0x40e), (["preopen=ro /"], 0b0110), (["preopen=none"], 0)):
            with self.subTest(options):
                status = self.status(self.running(None, *options))
                self.assertEqual(int(status["CapPrm"], 16) & ~most, 0)
                self.assertEqual(status["CapEff"], status["CapPrm"])
                self.assertEqual((int(status["CapInh"], 16), int(status["CapAmb"], 16)), (0, 0))

    def test_no_page_is_writable_and_executable(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                rights = [line.split()[1] for line in pathlib.Path(f"/proc/{self.running(level).pid}/maps").read_text().splitlines()]
                self.assertIn("r-xp", rights)
                self.assertEqual([one for one in rights if "w" in one and "x" in one], [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root for a root directory of its own")
    @unittest.skipIf(SANITIZED or not STATIC, "a sanitized engine is not static")
    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_the_engine_opens_nothing_of_the_root_filesystem_but_directories(self):
        root = self.folder / "root"
        for path in ("etc/nsswitch.conf", "etc/ld.so.cache", "lib/libnss_files.so.2", "usr/lib/locale/locale-archive", "proc/self/maps"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("hosts: files trap\n")
        engine = shutil.copy(shutil.which(os.environ.get("CRUMB_WASM", "crumb-wasm")), root / "engine")
        shutil.copy(guest("hello"), root / "hello.wasm")
        trace = self.folder / "trace"
        command = ["strace", "-f", "-o", trace, "-e", "trace=%file", "chroot", root, "/" + pathlib.Path(engine).name, "/hello.wasm"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.stdout, "hello from wasm\n", done.stderr)
        calls = trace.read_text().rpartition('execve("/engine"')[2]
        opened = re.findall(r'open(?:at)?\((?:\w+, )?"([^"]*)", ([^,)]*)', calls)
        self.assertEqual({path for path, flags in opened if "O_DIRECTORY" not in flags}, {"/hello.wasm"}, calls)


if __name__ == "__main__":
    unittest.main()
