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
    """Seen to fail, each of them, with linux::open_executable() returning the opened file itself instead of a read-only clone."""

    def setUp(self):
        super().setUp()
        self.before = sums()
        self.assertGreaterEqual(len(self.before), 1)
        self.attacker("overwrite")

    def attack_during(self, action, seconds=4, pattern="/proc/[0-9]*/exe"):
        """The attacker's report of all that it could do while `action` happened again and again."""
        seconds = max(1, int(seconds * SLOW))
        self.config["mounts"].append({"destination": "/out", "type": "bind", "source": str(self.scratch), "options": ["bind"]})
        attack = f"/bin/overwrite {seconds} '{pattern}' > /out/report.part"
        self.running("/bin/sh", "-c", f"{attack}; mv /out/report.part /out/report; sleep 1000")
        report = self.scratch / "report"
        while not report.exists():
            action()
        self.assertEqual(sums(), self.before)
        lines = report.read_text().splitlines()
        writable = [line.split(maxsplit=1)[1] for line in lines if line.startswith("writable")]
        self.assertEqual([path for path in writable if not self.is_the_containers(path)], [])
        return int(lines[-1].split()[1])

    def is_the_containers(self, path):
        return (self.bundle.rootfs / path.lstrip("/")).exists()

    def allow(self, capability):
        for kind in ("bounding", "effective", "permitted"):
            self.process["capabilities"][kind].append(capability)

    def execute(self, program):
        self.exec(program, code=None)

    def test_by_executing_proc_self_exe(self):
        self.attack_during(lambda: self.execute("/proc/self/exe"))

    def test_by_a_script_whose_interpreter_is_proc_self_exe(self):
        self.bundle.file("/bin/script", "#!/proc/self/exe\n", 0o755)
        self.attack_during(lambda: self.execute("/bin/script"))

    def test_by_a_program_whose_ELF_interpreter_is_proc_self_exe(self):
        """The process's executable is the program; what it has mapped of the interpreter is seen with this capability alone."""
        self.allow("CAP_CHECKPOINT_RESTORE")
        self.attacker("interpreter")
        self.attack_during(lambda: self.execute("/bin/interpreter"), pattern="/proc/[0-9]*/map_files/*")

    def test_by_waiting_for_any_process_of_the_runtime(self):
        """As root who may trace: that crumb-init is not dumpable hinders others."""
        self.allow("CAP_SYS_PTRACE")
        handles = self.attack_during(lambda: self.execute("/bin/true"))
        self.assertGreaterEqual(handles, 2, "the attacker saw no crumb-init: busybox is one handle, crumb-init the other")

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
        # What hinders now is the mount, once nobody executes it any more: who looks at an ended process may hold its memory a while.
        self.until(lambda: self.refusal(descriptor) != "Text file busy", "it stays busy")
        self.assertEqual(self.refusal(descriptor), "Read-only file system")

    @staticmethod
    def refusal(descriptor):
        """Why what the descriptor refers to cannot be opened for writing."""
        try:
            os.close(os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY))
        except OSError as error:
            return os.strerror(error.errno)
        return ""


if __name__ == "__main__":
    unittest.main()
