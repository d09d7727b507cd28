"""No container gets a writable handle to a host's executable (runc CVE-2019-5736)."""

import hashlib
import os
import pathlib
import unittest

from security_case import RUNTIME, SLOW, SecurityCase

ROUNDS = 40


def programs():
    """crumb's own executables."""
    folder = pathlib.Path(RUNTIME).resolve().parents[1]
    return [p for p in (folder / "bin/crumb", folder / "bin/crumb-wasm", folder / "libexec/crumb/crumb-init") if p.exists()]


def sums():
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in programs()}


class Overwrite(SecurityCase):
    """Seen to fail with linux::open_executable() returning the opened file itself instead of a read-only clone."""

    def setUp(self):
        super().setUp()
        self.before = sums()
        self.assertGreaterEqual(len(self.before), 1)
        self.attacker("overwrite")

    def attack_during(self, action, seconds=4):
        """The attacker's report of all that it could do while `action` happened again and again."""
        seconds = max(1, int(seconds * SLOW))
        self.config["mounts"].append({"destination": "/out", "type": "bind", "source": str(self.scratch), "options": ["bind"]})
        self.running("/bin/sh", "-c", f"/bin/overwrite {seconds} > /out/report.part; mv /out/report.part /out/report; sleep 1000")
        report = self.scratch / "report"
        while not report.exists():
            action()
        self.assertEqual(sums(), self.before)
        lines = report.read_text().splitlines()
        self.assertEqual([line for line in lines if line.startswith("writable")], [])
        return int(lines[-1].split()[1])

    def execute(self, program):
        self.exec(program, code=None)

    def test_by_executing_proc_self_exe(self):
        self.attack_during(lambda: self.execute("/proc/self/exe"))

    def test_by_a_script_whose_interpreter_is_proc_self_exe(self):
        self.bundle.file("/bin/script", "#!/proc/self/exe\n", 0o755)
        self.attack_during(lambda: self.execute("/bin/script"))

    def test_by_a_program_whose_ELF_interpreter_is_proc_self_exe(self):
        self.attacker("interpreter")
        self.attack_during(lambda: self.execute("/bin/interpreter"))

    def test_by_waiting_for_any_process_of_the_runtime(self):
        self.attack_during(lambda: self.execute("/bin/true"))

    def test_by_the_engine_of_a_module(self):
        self.bundle.guest("sleep", "/sleep.wasm")
        handles = self.attack_during(lambda: self.exec("/sleep.wasm", "0", code=None))
        self.assertGreaterEqual(handles, 2, "the attacker saw no engine: busybox is one handle, the engine the other")

    def test_of_a_container_that_waits_for_start(self):
        self.create("/bin/true")
        with self.assertRaises(OSError):
            os.close(os.open(f"/proc/{self.pid()}/exe", os.O_WRONLY))
        descriptor = os.open(f"/proc/{self.pid()}/exe", os.O_PATH)
        self.addCleanup(os.close, descriptor)
        self.start()
        self.wait_status("stopped")
        # No longer busy; what hinders now is the mount.
        with self.assertRaises(OSError) as caught:
            os.close(os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY))
        self.assertEqual(os.strerror(caught.exception.errno), "Read-only file system")


if __name__ == "__main__":
    unittest.main()
